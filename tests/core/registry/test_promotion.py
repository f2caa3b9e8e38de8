from dataclasses import replace

import pytest

from core.database.audit import entries
from core.identity import Person
from core.registry import promotion
from core.registry.promotion import SUBJECT, carry_out, challenge, promote, rollback, sync, with_latency
from core.registry.store import Roles
from core.segmentation import Segmenter
from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import model_in_use, served
from data.errors import ModelError

ANA = Person("ana")


@pytest.fixture
def serving_one(registry, at):
    """Version 1 is served: its reports can be compared with those of 2 and 3."""
    registry.keep_roles(Roles(champion=1, before=(0,)))
    sync(registry, at)


def trail(database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(entry.person, entry.action) for entry in entries(session, SUBJECT)]


@pytest.mark.slow
def test_what_is_promoted_is_what_segments(registry, database, at, serving_one, monkeypatch):
    assert all(check.passed for check in promote(registry, database, at, 2, ANA))
    assert registry.roles() == Roles(champion=2, before=(0, 1))
    monkeypatch.setenv("WAFERSCOPE_HOME", str(at.home))
    assert Segmenter.load().sha256 == registry.version(2).card.sha256
    assert trail(database) == [("ana", "model.promote")]


@pytest.mark.slow
def test_a_failed_gate_is_named_and_changes_nothing(registry, database, at, serving_one):
    with pytest.raises(ModelError, match=r"does not pass the gate: Mean IoU: .*; Every class: Scratch 0.600 to 0.500"):
        promote(registry, database, at, 3, ANA)
    with pytest.raises(ModelError, match=r"Latency: .* times the champion's"):
        promote(registry, database, replace(at, gate_latency_ratio=0.0), 2, ANA)
    with pytest.raises(ModelError, match=r"Milliseconds: p95"):
        promote(registry, database, replace(at, gate_latency_ms=1e-9), 2, ANA)
    with pytest.raises(ModelError, match=r"champion already"):
        promote(registry, database, at, 1, ANA)
    assert served(at).champion.number == 1
    assert trail(database) == []


def test_rollback_returns_to_the_version_before_and_on_to_the_shipped_one(registry, database, at, serving_one):
    promote(registry, database, at, 2, ANA)
    assert rollback(registry, database, at, ANA) == 1
    assert model_in_use(at) == registry.file(1)
    assert rollback(registry, database, at, ANA) == 0
    assert model_in_use(at) == SHIPPED_WEIGHTS
    assert registry.roles() == Roles()
    with pytest.raises(ModelError, match=r"no champion was there before"):
        rollback(registry, database, at, ANA)
    assert trail(database) == [("ana", action) for action in ("model.rollback", "model.rollback", "model.promote")]


def test_a_challenger_gets_its_share_until_it_wins_or_is_stopped(registry, database, at, serving_one):
    challenge(registry, database, at, 2, 0.25, ANA)
    assert (served(at).challenger.number, served(at).share) == (2, 0.25)
    promote(registry, database, at, 2, ANA)
    assert served(at).challenger is None
    challenge(registry, database, at, 3, 0.1, ANA)
    challenge(registry, database, at, None, 0.0, ANA)
    assert (served(at).challenger, served(at).share, served(at).since) == (None, 0.0, "")


@pytest.mark.parametrize(
    ("number", "share", "words"),
    [
        (1, 0.1, "cannot be challengers"),
        (0, 0.1, "cannot be challengers"),
        (9, 0.1, "no such version"),
        (2, 0.0, "expected a share"),
        (2, 0.6, "expected a share"),
    ],
)
def test_nonsense_challenges_are_refused(registry, database, at, serving_one, number, share, words):
    with pytest.raises(ModelError, match=words):
        challenge(registry, database, at, number, share, ANA)
    assert served(at).challenger is None


@pytest.mark.slow
def test_latency_is_measured_and_remembered_here(registry, at):
    latency = with_latency(registry, registry.version(1), registry.version(2), at).card.latency
    assert latency is not None
    assert latency.champion == registry.version(2).card.sha256
    assert latency.ratio > 0
    assert 0 < latency.p50_ms <= latency.p95_ms
    assert registry.version(1).card.latency == latency
    assert registry.version(2).card.latency is None


def test_a_champion_of_meanwhile_stops_a_promotion(registry, database, at, serving_one, monkeypatch):
    measured = promotion.with_latency

    def slowly(*args):
        rollback(registry, database, at, Person("ben"))
        return measured(*args)

    monkeypatch.setattr(promotion, "with_latency", slowly)
    with pytest.raises(ModelError, match=r"version 0 became the champion while this one was measured"):
        promote(registry, database, at, 2, ANA)
    assert registry.roles() == Roles(champion=0)
    assert trail(database) == [("ben", "model.rollback")]


def test_a_decision_that_the_registry_refuses_is_carried_out_later(registry, database, at, serving_one, monkeypatch):
    def away(*_args):
        raise ModelError("the model registry", "it cannot be reached", "Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(registry, "keep_roles", away)
        with pytest.raises(ModelError, match="cannot be reached"):
            challenge(registry, database, at, 3, 0.1, ANA)
    assert (registry.roles().challenger, served(at).challenger) == (None, None)
    assert carry_out(registry, database, at)
    assert (registry.roles().challenger, served(at).challenger.number) == (3, 3)
    assert not carry_out(registry, database, at)


def test_another_home_on_the_same_database_follows_what_was_decided(registry, database, at, serving_one):
    challenge(registry, database, at, 3, 0.1, ANA)
    (at.home / "models" / "serving.json").write_text("{}")  # as a home that knows nothing of it
    assert carry_out(registry, database, at)
    assert served(at).challenger.number == 3


def test_where_nothing_was_decided_nothing_is_carried_out(registry, database, at):
    assert not carry_out(registry, database, at)
    assert served(at).champion is None


def test_a_trial_that_nobody_began_cannot_be_ended_and_nothing_is_decided(registry, database, at, serving_one):
    with pytest.raises(ModelError, match=r"no version challenges the champion"):
        challenge(registry, database, at, None, 0.0, ANA)
    assert trail(database) == []
    assert not carry_out(registry, database, at)
