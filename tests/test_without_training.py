"""The app where only requirements-app.txt is installed: nothing of it needs torch, and what does says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.analysis.result import analyse
from core.jobs.launch import TRAINING_JOBS
from core.lake import Lake
from core.segmentation import Segmenter
from data.errors import TRAINING_PACKAGES
from pages.parts.literal import literal
from tests.core.wafers import disc, radius, wafer
from tests.source_tree import ROOT, source_files

pytestmark = pytest.mark.slow

HIDDEN = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {TRAINING_PACKAGES!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""
"""Python that makes each import of these packages fail as if they were not installed."""
SENTENCE = (
    "it needs the packages of training, and torch is not installed here. "
    "Run `make train-setup`, which installs them, and try again."
)


def run(script: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script without the packages of training, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", HIDDEN + script, *arguments],
        env={**os.environ, "WAFERSCOPE_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_but_training_is_imported_without_it(tmp_path):
    names = [
        ".".join(s.path.relative_to(ROOT).with_suffix("").parts)
        for s in source_files("data", "core", "pages", "web", "app.py")
        if s.path.name != "__init__.py" and s.path.parent != ROOT / "pages" and "migrations" not in s.name
    ]
    jobs = [f"jobs.{s.path.stem}" for s in source_files("jobs") if 'if __name__ == "__main__"' in s.text]
    done = run(f"import importlib\nfor name in {[*names, *jobs]!r}: importlib.import_module(name)", tmp_path)
    assert done.returncode == 0, done.stderr


def test_wafers_are_segmented_without_it(tmp_path):
    (tmp_path / "W1.csv").write_text("x,y,bin\n" + "".join(f"{x},{y},1\n" for x in range(20) for y in range(20)))
    job = "from jobs.segment import main\nsys.exit(main(sys.argv[1:]))"
    done = run(job, tmp_path, str(tmp_path / "W1.csv"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "summary.json").exists()


@pytest.mark.parametrize("job", sorted(TRAINING_JOBS))
def test_a_job_that_trains_says_what_to_install(job, tmp_path):
    script = f"from jobs.{job} import main\nsys.exit(main(sys.argv[1:]))"
    words = {"ablate": ["--train", "a.npz", "--test", "b.npz"], "export_model": ["--checkpoint", "a.ckpt"]}
    done = run(script, tmp_path, *words.get(job, ["--run", "a"] if job == "make_version" else []))
    assert (done.returncode, done.stderr) == (1, f"jobs.{job}: {SENTENCE}\n")
    assert run(script, tmp_path, "--help").returncode == 0


def test_the_jobs_that_train_are_those_that_say_so():
    named = {
        s.path.stem for s in source_files("jobs") if re.search(r"^@command\(.*\btrains=True", s.text, re.MULTILINE)
    }
    assert named == TRAINING_JOBS


PAGE = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("pages/parts/shell.py", default_timeout=300)
app.run().switch_page(f"../{sys.argv[1]}.py")
app.query_params.update(dict(pair.split("=") for pair in sys.argv[2:]))
app.run()
if sys.argv[1] == "wafer":
    next(w for w in app.segmented_control if w.key == "explain-way").set_value("Grad-CAM").run()
print([e.value for e in app.exception])
print([e.value for kind in ("warning", "info") for e in getattr(app, kind)])
print([b.label for b in app.button if b.disabled])
"""


def test_the_form_that_starts_a_training_says_what_to_install(tmp_path):
    page = run(PAGE, tmp_path, "training", "training=Start a run")
    assert page.stdout == f"[]\n{[literal(f'jobs.train: {SENTENCE}')]}\n['Start training']\n", page.stderr


def test_an_explanation_by_features_says_what_to_install(tmp_path, tiny_model_path):
    shown = wafer((disc(30) > 0) & (radius(30) > 0.85), dies=disc(30))
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([shown])
    lake.append_results(analyse([shown], Segmenter.load(str(tiny_model_path))))
    page = run(PAGE, tmp_path, "wafer", f"wafer={shown.key}", "explain=true")
    exceptions, said, _ = page.stdout.splitlines()
    assert (exceptions, said) == ("[]", str([literal(f"Grad-CAM: {SENTENCE}")])), page.stderr
