import subprocess
import sys
from dataclasses import replace

import pytest

from core.settings import settings
from core.training.tracking import ask_mlflow
from data.errors import ModelError

MAKES = """
import sys
from pathlib import Path
from core.settings import Settings
from core.training.tracking import ask_mlflow
ask_mlflow(Settings(home=Path(sys.argv[1])), lambda client: client.create_experiment(sys.argv[2]), "test")
"""


@pytest.mark.slow
def test_processes_that_make_the_tables_at_once_both_can(tmp_path):
    home = tmp_path / "new"
    both = [subprocess.Popen([sys.executable, "-c", MAKES, str(home), name]) for name in ("one", "two")]
    assert [process.wait() for process in both] == [0, 0]
    at = replace(settings(), home=home, mlflow="")
    names = ask_mlflow(at, lambda client: [one.name for one in client.search_experiments()], "test")
    assert {"one", "two"} <= set(names)


def test_what_mlflow_refuses_is_a_sentence(tmp_path):
    at = replace(settings(), home=tmp_path, mlflow="")
    with pytest.raises(ModelError, match=r"the runs: it cannot be used .* Check that WAFERSCOPE_MLFLOW"):
        ask_mlflow(at, lambda client: client.get_run("0" * 32), "the runs")
