"""Ways to train that people choose by name: what each is for, and where it differs from the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.datasets.reading import LAKE, NOW
from core.training.config import SERVED
from data.pictures import DIES, DIES_DEPTH


@dataclass(frozen=True)
class Recipe:
    """One way to train.

    Args:
        name: as people choose it.
        help: what it is for.
        settings: fields of `TrainConfig` and their values.
    """

    name: str
    help: str
    settings: Mapping[str, object]


EXTENT = 0.1
"""Keeps masks within what their pattern ever takes, where files of presence labels are added to a recipe."""
UPDATE = Recipe(
    "Update with new labels",
    "Learns new labels without losing the old: a fifth of people's wafers is replayed from the dataset before "
    "(name it as old labels), and the weights that matter for old wafers are held.",
    {
        "name": "updated",
        "from_": SERVED,
        "labels": NOW,
        "steps": 1500,
        "epoch_steps": 150,
        "rate": 3e-4,
        "encoder_rate": 0.3,
        "replay": 0.2,
        "ewc": 100.0,
        "extent": EXTENT,
    },
)
"""The way that training again takes by itself: it adds what is new to a model that works."""
RECIPES = (
    Recipe(
        "Fine-tune with labels",
        "Starts from the weights in use and mixes in the wafers that people labelled. The encoder stands still at "
        "first and then learns at a tenth of the rate.",
        {
            "name": "fine-tuned",
            "from_": SERVED,
            "labels": NOW,
            "steps": 2000,
            "epoch_steps": 200,
            "rate": 3e-4,
            "frozen_steps": 400,
            "encoder_rate": 0.1,
            "extent": EXTENT,
        },
    ),
    Recipe(
        "Few labels",
        "For a new product with less than a hundred labelled wafers: only the last three layers learn.",
        {
            "name": "few-labels",
            "from_": SERVED,
            "labels": NOW,
            "steps": 600,
            "epoch_steps": 100,
            "rate": 3e-4,
            "few_shot": True,
            "people_share": 0.8,
            "extent": EXTENT,
        },
    ),
    UPDATE,
    Recipe(
        "With unlabelled wafers",
        "Starts from the weights in use and learns from the lake's wafers that nobody labelled, too (FixMatch).",
        {
            "name": "semi-supervised",
            "from_": SERVED,
            "labels": NOW,
            "unlabelled": (LAKE,),
            "steps": 4000,
            "epoch_steps": 400,
            "rate": 5e-4,
            "extent": EXTENT,
        },
    ),
    Recipe(
        "From scratch",
        "An untrained network of the shipped one's kind, on synthetic wafers and what is added below. Takes hours.",
        {
            "encoder": DIES,
            "depth": DIES_DEPTH,
            "decoder_channels": (192, 128, 64, 32),
            "steps": 10000,
            "rate": 2e-3,
            "gamma": 0.0,
            "alpha": 0.5,
            "focal": 2.0,
        },
    ),
)
