import pytest

from core.annotation.items import Candidate, Status
from core.annotation.progress import items
from core.annotation.queue import fill, take_next
from core.database import AppDatabase
from core.identity import Person
from core.labels.annotations import write_annotation
from core.labels.label import Label
from core.lake import Lake
from jobs import embed_wafers, select_wafers
from tests.core.lake_examples import drawn

WAFERS = 12


@pytest.fixture
def home(tmp_path):
    Lake(tmp_path / "lake").append_wafers(drawn(n) for n in range(WAFERS))
    return tmp_path


def queued(home):
    database = AppDatabase(home / "decisions.db")
    with database.reading() as session:
        found = items(session)
    database.close()
    return found


@pytest.mark.parametrize("strategy", ["entropy", "stratified", "random", "random_failing"])
def test_a_round_is_queued_with_reasons_and_the_first_pick_first(home, strategy, capsys):
    words = [
        "--home",
        str(home),
        "--strategy",
        strategy,
        "--count",
        "4",
        "--spares",
        "0",
        "--passes",
        "2",
        "--person",
        "ana",
    ]
    assert select_wafers.main(words) == 0
    assert f"Round 1: 4 wafers wait to be labelled, chosen by {strategy}." in capsys.readouterr().out
    found = queued(home)
    assert [i.priority for i in found] == [1, 0.75, 0.5, 0.25]
    assert {i.added_by for i in found} == {"ana"}
    assert all(len(i.reason) > 10 for i in found)
    assert {i.strategy for i in found} == {strategy}
    scores = [i.score for i in found]
    assert scores == sorted(scores, reverse=True)
    if strategy == "entropy":
        assert all(f"(entropy {i.score:.2f} bit)" in i.reason for i in found)


def test_a_round_is_chosen_again_until_somebody_begins(home, capsys):
    words = ["--home", str(home), "--strategy", "random", "--count", "6", "--spares", "2"]
    again = [*words, "--strategy", "random_failing", "--again"]
    assert select_wafers.main(again) == 1
    assert "round 0: no strategy chose wafers for it" in capsys.readouterr().err
    assert select_wafers.main(words) == 0
    database = AppDatabase(home / "decisions.db")
    wafer = next(key for key in (drawn(n).key for n in range(WAFERS)) if key not in {i.wafer_key for i in queued(home)})
    with database.writing() as session:
        fill(session, [Candidate(wafer, 9.0)], Person("ana"))
    assert select_wafers.main(again) == 0
    found = queued(home)
    assert {i.iteration for i in found} == {1}
    assert [i.strategy for i in found] == [None] + ["random_failing"] * 8
    with database.writing() as session:
        assert take_next(session, Person("ana")).wafer_key == wafer
    assert select_wafers.main(again) == 0
    with database.writing() as session:
        begun = take_next(session, Person("ana")).wafer_key
    assert select_wafers.main(again) == 1
    assert f"round 1: {begun} is in progress already" in capsys.readouterr().err
    assert len(queued(home)) == 9
    database.close()


def test_a_second_round_leaves_out_what_waits_and_what_has_a_label(home):
    words = ["--home", str(home), "--strategy", "random", "--count", "5", "--spares", "0"]
    database = AppDatabase(home / "decisions.db")
    wafer = drawn(0)
    with database.writing() as session:
        write_annotation(session, wafer, Label(wafer.key, wafer.dies.shape, ()), Person("ana"), 9.0)
    database.close()
    assert [select_wafers.main(words) for _ in range(4)] == [0, 0, 0, 1]
    found = queued(home)
    assert sorted(i.iteration for i in found) == [1] * 5 + [2] * 5 + [3]
    assert len({i.wafer_key for i in found}) == WAFERS - 1
    assert wafer.key not in {i.wafer_key for i in found}


def test_the_next_picks_wait_as_spares(home, capsys):
    assert select_wafers.main(["--home", str(home), "--strategy", "random", "--count", "7", "--spares", "9"]) == 0
    assert f"7 wafers wait to be labelled, chosen by random, {WAFERS - 7} spare." in capsys.readouterr().out
    found = queued(home)
    assert [i.status for i in found] == [Status.PENDING] * 7 + [Status.SPARE] * (WAFERS - 7)
    assert [i.priority for i in found] == pytest.approx([1 - n / WAFERS for n in range(WAFERS)])


@pytest.mark.parametrize("strategy", ["coreset", "typical"])
def test_likeness_is_by_the_lakes_vectors(home, tiny_model_path, strategy, capsys):
    words = ["--home", str(home), "--model", str(tiny_model_path)]
    asked = [*words, "--strategy", strategy, "--count", "3", "--spares", "0"]
    assert select_wafers.main(asked) == 1
    assert "Run python -m jobs.embed_wafers first" in capsys.readouterr().err
    assert embed_wafers.main(words) == 0
    assert select_wafers.main(asked) == 0
    assert len({i.wafer_key for i in queued(home)}) == 3


@pytest.mark.parametrize(
    ("flag", "value"), [("--count", "0"), ("--weight", "1.5"), ("--passes", "0"), ("--spares", "-1")]
)
def test_nonsense_is_a_sentence(home, flag, value, capsys):
    assert select_wafers.main(["--home", str(home), flag, value]) == 1
    assert f"{flag}: expected a number from" in capsys.readouterr().err
