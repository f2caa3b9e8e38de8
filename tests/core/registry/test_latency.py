import json
from types import SimpleNamespace

import numpy as np
import pytest

from core.registry import latency
from core.registry.latency import Latency, keep_latency, kept_latency, measure_latency
from core.settings import Settings
from tests.core.storage.writers import WRITERS, at_once


class Machine:
    """A machine that is between as fast as it can be and eight times slower, from one wafer to the next."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)
        self.seconds = 0.0
        self.load: dict[str, float] = {}

    def perf_counter(self) -> float:
        return self.seconds

    def model(self, sha256: str, ms: float) -> SimpleNamespace:
        def segment(wafers: list) -> None:
            load = self.load.setdefault(wafers[0].wafer_id, self.rng.uniform(1, 8))
            self.seconds += ms / 1000 * load * self.rng.uniform(0.95, 1.05)

        return SimpleNamespace(sha256=sha256, segment=segment)


@pytest.fixture
def machine(monkeypatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(latency, "time", made)
    return made


@pytest.mark.parametrize("slower", [0.5, 1.0, 1.5])
def test_the_ratio_to_the_champion_is_the_same_however_busy_the_machine_is(machine, slower):
    found = measure_latency(machine.model("new", 40 * slower), machine.model("old", 40))
    assert found.ratio == pytest.approx(slower, rel=0.05)  # both times vary by 5 %
    assert found.champion == "old"
    assert found.p95_ms > 4 * 40 * slower


def test_alone_a_model_has_no_ratio(machine):
    found = measure_latency(machine.model("new", 40), wafers=5)
    assert (found.champion, found.ratio, found.wafers) == ("", None, 5)


def test_what_processes_measured_at_once_is_all_remembered(tmp_path):
    at = Settings(home=tmp_path)
    here = measure_latency(Machine().model("a", 1), wafers=1)  # the name of this machine is in it

    def keep(number: int) -> None:
        for turn in range(5):
            keep_latency(at, f"{number}-{turn}", here)

    assert at_once(keep) == [0] * WRITERS
    assert {kept_latency(at, f"{number}-{turn}") for number in range(WRITERS) for turn in range(5)} == {here}


def test_what_an_earlier_version_kept_is_read_and_what_a_later_one_kept_counts_as_nothing(tmp_path):
    at = Settings(home=tmp_path)
    here = measure_latency(Machine().model("a", 1), wafers=1)
    earlier = {"p50_ms": 1.0, "p95_ms": 2.0, "wafers": 30, "machine": here.machine}
    path = tmp_path / "models" / "latency.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"earlier": earlier, "later": {**earlier, "joules": 3}}))
    assert kept_latency(at, "earlier") == Latency(**earlier)
    assert kept_latency(at, "later") is None
