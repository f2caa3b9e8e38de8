import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from core.reading import process
from core.reading.pool import POOL
from tests.journeys.running_app import CHROMIUM, running_chromium
from tests.tiny_model import write_tiny_model

# How long an example takes depends on what else the machine does, so it is no part of any claim.
settings.register_profile("waferscope", deadline=None)
settings.load_profile("waferscope")


@pytest.fixture(scope="session")
def tiny_model_path(tmp_path_factory) -> Path:
    """Dense failures at the rim are edge to this model, in the middle center, between them particle."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real wafer maps; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("WAFERSCOPE_REAL_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no real wafer maps at {folder}; set WAFERSCOPE_REAL_DATA to their folder")
    return folder


@pytest.fixture(autouse=True)
def own_main():
    """Processes that a test starts run `__main__` anew, and AppTest leaves the last page's script under that name."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by playwright, of which one process can run but one.

    Without it these tests are skipped, but not in continuous integration, where nobody would notice.
    """
    if CHROMIUM is None:
        sentence = "no Chromium on this machine; install it with apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def hostile():
    """Reading processes that do what the names of files say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "command", lambda: [sys.executable, "-m", "tests.core.reading.hostile_child"])
        POOL.close()
        yield
    POOL.close()
