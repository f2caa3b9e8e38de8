"""Takes the pictures of docs/images: a demo fab of its own, the app on a free port, Chromium through the pages.

`make screenshots` runs it; nothing of the site's own workspace is read or changed. A folder as argument keeps the demo
fab for the next time.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from core.ingestion.samples import sample_files
from core.lake import Lake
from tests.journeys.running_app import running_app, running_chromium
from tests.source_tree import ROOT

IMAGES = ROOT / "docs" / "images"
WINDOW: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 300_000
SEVERE = 100


@dataclass(frozen=True)
class Shot:
    """One picture.

    Args:
        name: file name below docs/images, without ending.
        path: page and query string.
        dark: in the dark theme.
        upload: files to drop on the page first.
    """

    name: str
    path: str
    dark: bool = False
    upload: tuple[Path, ...] = ()


def main() -> int:
    """Take the pictures in a fab that is kept, or in one for this time only."""
    if len(sys.argv) > 1:
        return take_all(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        return take_all(Path(folder))


def take_all(home: Path) -> int:
    """Make the demo fab, start the app, take every picture; 0 when all are written."""
    environment = {**os.environ, "WAFERSCOPE_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "jobs.demo"], cwd=ROOT, env=environment, check=True)
    shots = chosen_shots(Lake(home / "lake"), examples(home / "upload"))
    with running_app(home, {}) as address, running_chromium() as browser:
        for shot in shots:
            page = browser.new_page(viewport=WINDOW, color_scheme="dark" if shot.dark else "light")
            take(page, address, shot)
            page.close()
    return 0


def chosen_shots(lake: Lake, files: tuple[Path, ...]) -> list[Shot]:
    """Return what to photograph: of the severe wafers with several patterns the two that the model is surest of."""
    severe = lake.wafers_page(sort="-severity", limit=SEVERE)
    several = severe[severe["classes_present"].map(len) > 1]
    first, second = several.nlargest(2, "mean_confidence")["key"]
    return [
        Shot("overview", ""),
        Shot("wafers", "wafers"),
        Shot("wafer", f"wafer?wafer={first}"),
        Shot("wafer-dark", f"wafer?wafer={first}", dark=True),
        Shot("compare", f"wafer?wafer={first}&other={second}"),
        Shot("segment", "segment", upload=files),
        Shot("trends", "trends?class=Scratch"),
        Shot("commonality", "commonality?class=Etching"),
        Shot("lot", f"lot?lot={first.split(':')[0]}"),
        Shot("alarms", "alarms"),
        Shot("similar", f"similar?wafer={first}"),
        Shot("annotate", f"annotate?wafer={second}"),
        Shot("models", "model_versions"),
        Shot("active-learning", "active_learning", dark=True),
    ]


def examples(folder: Path) -> tuple[Path, ...]:
    """Write the sample wafers as files that a person could drop on the Segment page."""
    folder.mkdir(exist_ok=True)
    for name, content in sample_files():
        (folder / name).write_bytes(content)
    return tuple(sorted(folder.iterdir()))


def take(page: Page, address: str, shot: Shot) -> None:
    """Open a page, wait until it has come to rest, and write its picture."""
    page.goto(f"{address}/{shot.path}")
    settle(page)
    if page.get_by_label("Your name").count():
        page.get_by_label("Your name").fill("Ana")
        page.get_by_role("button", name="Go on").click()
        page.wait_for_timeout(3000)
        settle(page)
    if shot.upload:
        page.locator("input[type=file]").first.set_input_files(list(shot.upload))
        page.wait_for_timeout(3000)
        settle(page)
    page.screenshot(path=IMAGES / f"{shot.name}.png")
    print(f"docs/images/{shot.name}.png", flush=True)


def settle(page: Page) -> None:
    """Wait until Streamlit runs nothing, every element is drawn, and the charts have stopped moving."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=PATIENCE_MS)
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')", timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)


if __name__ == "__main__":
    sys.exit(main())
