import pytest
import torch

from models.consistency import ConsistencyConfig
from models.consolidation import Consolidation
from models.learner import Learner, ScheduleConfig
from models.losses import LossConfig, pooled_presence, presence_loss
from models.unet import NetworkConfig

pytestmark = pytest.mark.slow

NETWORK = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))


@pytest.fixture
def learner() -> Learner:
    torch.manual_seed(1)
    return Learner(NETWORK, LossConfig(), ScheduleConfig(warmup=2, steps=10, average=0.9))


def test_the_rate_warms_up_stays_and_falls_to_nothing():
    schedule = ScheduleConfig(warmup=10, steps=100, fall_from=0.5)
    factors = [schedule.factor(step) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9:51] == [1.0] * 42
    assert factors[75] == pytest.approx(0.5)
    assert factors[100] == 0
    assert factors[:10] == sorted(factors[:10])
    assert factors[50:] == sorted(factors[50:], reverse=True)
    assert schedule.factor(1000) == 0


@pytest.mark.parametrize("schedule", [ScheduleConfig(warmup=0, steps=4), ScheduleConfig(fall_from=1.0, steps=4)])
def test_odd_schedules_stay_between_nothing_and_all(schedule):
    assert all(0 <= schedule.factor(step) <= 1 for step in range(6))


def test_without_a_fall_the_rate_stays():
    assert ScheduleConfig(warmup=0, steps=9, fall_from=1.0).factor(8) == 1.0


def test_the_optimiser_moves_the_network_and_never_its_average(learner):
    moved = {id(p) for group in learner.configure_optimizers()["optimizer"].param_groups for p in group["params"]}
    assert moved == {id(p) for p in learner.network.parameters()}


def test_the_average_asks_for_no_gradients():
    """Parameters that no loss reaches stop training on several processes."""
    learner = Learner(NETWORK, LossConfig(), ScheduleConfig())
    assert not any(p.requires_grad for p in learner.average.parameters())
    assert all(p.requires_grad for p in learner.network.parameters())


def end_of_step(learner: Learner, step: int, monkeypatch) -> None:
    monkeypatch.setattr(type(learner), "global_step", step)
    with torch.no_grad():
        for p in learner.network.parameters():
            p.add_(1.0)
    learner.on_train_batch_end()


def test_the_average_follows_closely_at_first_and_slowly_after(learner, monkeypatch):
    name = "head.0.bias"
    start = learner.network.state_dict()[name].clone()
    end_of_step(learner, 0, monkeypatch)
    assert torch.allclose(learner.average.module.state_dict()[name], start + 1)
    end_of_step(learner, 2, monkeypatch)  # the first update of an average takes what it finds
    assert torch.allclose(learner.average.module.state_dict()[name], start + 2)
    end_of_step(learner, 3, monkeypatch)
    assert torch.allclose(learner.average.module.state_dict()[name], start + 2 + 0.1 * 1, atol=1e-5)


def test_the_average_does_not_share_memory_with_the_network(learner, monkeypatch):
    end_of_step(learner, 0, monkeypatch)
    kept = learner.average.module.state_dict()["head.0.bias"].clone()
    with torch.no_grad():
        learner.network.head[0].bias.add_(5.0)
    assert torch.equal(learner.average.module.state_dict()["head.0.bias"], kept)


class SaysWhatItIsTold(torch.nn.Module):
    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, wafer: torch.Tensor) -> torch.Tensor:
        return self.logits


def measured(learner: Learner, batches: list, logits: list, monkeypatch) -> dict[str, float]:
    said: dict[str, float] = {}
    monkeypatch.setattr(learner, "log_dict", lambda values, **_: said.update(values))
    learner.on_validation_epoch_start()
    for batch, answer in zip(batches, logits, strict=True):
        learner.average = SaysWhatItIsTold(answer)
        learner.validation_step(batch, 0)
    learner.on_validation_epoch_end()
    return {name: float(value) for name, value in said.items()}


def batch_of(seed: int, real: list[bool]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    n, size = len(real), 8
    wafer = torch.rand(n, 3, size, size, generator=g)
    wafer[:, 0] = (wafer[:, 0] < 0.6).float()
    masks = (torch.rand(n, 8, size, size, generator=g) < 0.4) & (wafer[:, :1] > 0)
    presence = (torch.rand(n, 8, generator=g) < 0.4).float()
    presence[0] = 0
    drawn = ~torch.tensor(real)
    masks[~drawn] = False
    batch = {"wafer": wafer, "masks": masks.byte(), "has_masks": drawn, "presence": presence}
    return batch, 2 * torch.randn(n, 8, size, size, generator=g)


def test_an_epoch_s_measures_equal_counting_pixel_by_pixel(learner, monkeypatch):
    made = [batch_of(1, [True, True, False]), batch_of(2, [False, False]), batch_of(3, [True])]
    batches, logits = zip(*made, strict=True)
    said = measured(learner, list(batches), list(logits), monkeypatch)
    for k, key in ((0, "edge"), (3, "scratch"), (7, "random")):
        shared = either = right = reported = there = 0
        for batch, answer in made:
            for n in range(len(answer)):
                failing = batch["wafer"][n, 0] > 0
                if batch["has_masks"][n]:
                    truth, found = batch["masks"][n, k] > 0, (answer[n, k] > 0) & failing
                    shared += int((truth & found).sum())
                    either += int((truth | found).sum())
                else:
                    present = bool(pooled_presence(answer[n : n + 1], batch["wafer"][n : n + 1, :1])[0, k] > 0)
                    right += present and batch["presence"][n, k] == 1
                    reported += present
                    there += int(batch["presence"][n, k])
        assert said[f"iou/{key}"] == pytest.approx(shared / either, abs=1e-6)
        if there:
            assert said[f"f1/{key}"] == pytest.approx(2 * int(right) / (reported + there), abs=1e-6)
    alarms = [
        bool((pooled_presence(answer[:1], batch["wafer"][:1, :1]) > 0).any())
        for batch, answer in made
        if not batch["has_masks"][0]
    ]
    assert said["false_alarms"] == pytest.approx(sum(alarms) / len(alarms))
    assert said["score"] == pytest.approx((said["iou/mean"] + said["f1/macro"]) / 2, abs=1e-6)


def test_without_real_wafers_the_score_is_the_mean_iou(learner, monkeypatch):
    batch, logits = batch_of(5, [False, False])
    said = measured(learner, [batch], [logits], monkeypatch)
    assert said["score"] == said["iou/mean"]
    assert not any(name.startswith("f1/") for name in said)


def test_a_step_s_loss_falls_on_a_batch_seen_again_and_again(learner, monkeypatch):
    monkeypatch.setattr(learner, "log_dict", lambda *_, **__: None)
    batch, _ = batch_of(6, [False, False, True])
    batch = {**batch, "wafer": batch["wafer"].repeat_interleave(6, 2).repeat_interleave(6, 3)}
    batch["masks"] = batch["masks"].repeat_interleave(6, 2).repeat_interleave(6, 3)
    optimizer = torch.optim.AdamW(learner.network.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        loss = learner.training_step(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def without_labels(seed: int, count: int = 3) -> dict[str, torch.Tensor]:
    """A batch of unlabelled wafers alone."""
    g = torch.Generator().manual_seed(seed)
    weak = torch.rand(count, 3, 64, 64, generator=g)
    weak[:, 0] = (weak[:, 0] < 0.5).float()
    return {
        "wafer": torch.zeros(0, 3, 64, 64),
        "masks": torch.zeros(0, 8, 64, 64),
        "has_masks": torch.zeros(0, dtype=torch.bool),
        "presence": torch.zeros(0, 8),
        "weak": weak,
        "strong": weak.clone(),
        "way": torch.zeros(count, dtype=torch.int64),
    }


@pytest.mark.parametrize("answer", [0.0, 6.0])
def test_a_step_of_unlabelled_wafers_moves_weights_through_sure_pixels_alone(answer, monkeypatch):
    torch.manual_seed(1)
    sure = ConsistencyConfig(confidence=0.9, least=0.9, ramp=1)
    learner = Learner(NETWORK, LossConfig(extent=1.0), ScheduleConfig(), sure)
    monkeypatch.setattr(learner, "log_dict", lambda *_, **__: None)
    monkeypatch.setattr(Learner, "global_step", 5)
    batch = without_labels(4)
    answers = torch.zeros(3, 8, 64, 64)
    answers[1, 2, :8, :8] = answer
    learner.average = SaysWhatItIsTold(answers)
    given: list[torch.Tensor] = []
    answer_of = learner.network.answers

    def watched(features):
        logits, whole = answer_of(features)
        logits.retain_grad()
        given.append(logits)
        return logits, whole

    monkeypatch.setattr(learner.network, "answers", watched)
    learner.training_step(batch, 0).backward()
    taught = (given[0].grad != 0).nonzero()
    moves = any(w.grad is not None and w.grad.any() for w in learner.network.parameters())
    assert moves is (answer > 0)
    if answer:
        failing = int(batch["weak"][1, 0, :8, :8].sum())
        assert len(taught) == failing
        assert taught[:, 0].unique().tolist() == [1]
        assert taught[:, 1].unique().tolist() == [2]
        assert int(taught[:, 2:].max()) < 8


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_wafer_s_own_logit_is_asked_for_presence(weight, monkeypatch):
    torch.manual_seed(1)
    learner = Learner(NETWORK, LossConfig(whole=weight), ScheduleConfig()).eval()
    monkeypatch.setattr(learner, "log_dict", lambda *_, **__: None)
    monkeypatch.setattr(Learner, "global_step", 5)
    batch = without_labels(2) | {
        "wafer": torch.rand(2, 3, 64, 64),
        "masks": torch.zeros(2, 8, 64, 64),
        "has_masks": torch.zeros(2).bool(),
        "presence": torch.tensor([[1.0, 0.0] + [torch.nan] * 6] * 2),
    }
    logits, whole = learner.network.answers(learner.network.encode(batch["wafer"]))
    pooled = presence_loss(pooled_presence(logits, batch["wafer"][:, :1]), batch["presence"])
    own = torch.nn.functional.softplus(torch.stack([-whole[:, 0], whole[:, 1]])).mean()
    found = float(learner.training_step(batch, 0).detach())
    assert found == pytest.approx(float((0.5 * pooled + weight * own).detach()), abs=1e-5)


def test_one_step_mixes_masks_presence_and_unlabelled_wafers(monkeypatch):
    torch.manual_seed(1)
    learner = Learner(NETWORK, LossConfig(extent=0.5), ScheduleConfig(), ConsistencyConfig(least=0.5, ramp=1))
    said: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(learner, "log_dict", lambda values, **_: said.update(values))
    monkeypatch.setattr(Learner, "global_step", 5)
    batch, _ = batch_of(6, [False, True])
    batch = without_labels(4) | batch
    batch["wafer"], batch["masks"] = (
        batch[k].repeat_interleave(8, 2).repeat_interleave(8, 3) for k in ("wafer", "masks")
    )
    learner.training_step(batch, 0).backward()
    assert {"train/dice", "train/focal", "train/presence", "train/extent", "train/unlabelled", "train/sure"} <= set(
        said
    )
    assert all(torch.isfinite(value).all() for value in said.values())
    assert all(torch.isfinite(w.grad).all() for w in learner.network.parameters())
    assert not learner.average.training
    assert all(w.grad is None for w in learner.average.parameters())


def test_consolidation_is_part_of_the_loss(learner, monkeypatch):
    said: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(learner, "log_dict", lambda values, **_: said.update(values))
    importance = {name: torch.ones_like(w) for name, w in learner.network.named_parameters()}
    learner.consolidation = Consolidation(learner.network, importance, 2.0)
    with torch.no_grad():
        learner.network.head[0].bias.add_(0.5)
    batch, _ = batch_of(6, [False, False])
    batch["wafer"], batch["masks"] = (
        batch[k].repeat_interleave(8, 2).repeat_interleave(8, 3) for k in ("wafer", "masks")
    )
    learner.training_step(batch, 0)
    assert float(said["train/consolidation"]) == pytest.approx(8 * 0.25)


def test_starting_weights_are_taken_over_by_the_average_too(learner):
    other = {name: value + 1 for name, value in learner.network.state_dict().items()}
    learner.start_from(other)
    for state in (learner.network.state_dict(), learner.averaged.state_dict()):
        assert all(torch.equal(state[name], value) for name, value in other.items())


def test_what_people_labelled_is_measured_apart(learner, monkeypatch):
    synthetic, answer = batch_of(1, [False, False])
    people, other = batch_of(2, [False])
    batches = [synthetic, people | {"people": torch.tensor(True)}]
    said = measured(learner, batches, [answer, other], monkeypatch)
    alone = measured(learner, [people], [other], monkeypatch)
    assert said["people/mean"] == pytest.approx(alone["iou/mean"], abs=1e-6)
    assert said["iou/mean"] == pytest.approx(
        measured(learner, [synthetic], [answer], monkeypatch)["iou/mean"], abs=1e-6
    )
    assert said["score"] == pytest.approx((said["iou/mean"] + said["people/mean"]) / 2, abs=1e-6)
