"""The form that starts a training: every field of its configuration, with the help that the command line gives."""

import shlex

import streamlit as st

from core.database import AppDatabase
from core.datasets.frozen_sets import frozen_sets
from core.datasets.reading import NOW
from core.jobs.config_fields import ConfigField, command_words, config_fields
from core.jobs.launch import check_can_run, start
from core.settings import settings
from core.training.config import SERVED, TrainConfig, check_config, check_shape, run_folder
from core.training.recipes import RECIPES, Recipe
from data.errors import TrainingMissingError, WaferError
from pages.parts.learn.training_run import JOB
from pages.parts.links import open_page
from pages.parts.literal import literal
from pages.parts.person import person_or_account

FIRST = ("name", "from_", "labels", "old_labels", "unlabelled", "real", "steps", "rate")
"""What people decide each time; the rest is below a fold."""
COLUMNS = 4
STARTED = "started"
"""In the query string: a run has just begun, and the page shows it in place of the form."""


def training_form(database: AppDatabase) -> None:
    """Draw the form; starting leads to the run.

    Raises:
        AppDatabaseError: the app database cannot be used.
    """
    can_run = _can_run()
    with database.reading() as session:
        datasets = [one.name for one in frozen_sets(session)]
    checkpoints = sorted(str(path) for path in run_folder(settings().home, "x").parent.glob("*/best.ckpt"))
    known = {"from_": ["", SERVED, *checkpoints], "labels": ["", NOW, *datasets], "old_labels": ["", *datasets]}
    names = [recipe.name for recipe in RECIPES]
    recipe = RECIPES[
        names.index(st.selectbox("Recipe", names, help="Sets the fields below; each can be changed before the start."))
    ]
    st.caption(recipe.help)
    fields = {field.name: field for field in config_fields(TrainConfig)}
    with st.form(f"training-{recipe.name}", border=False):
        given = _grid(recipe, [fields[name] for name in FIRST], known)
        with st.expander("All settings"):
            given |= _grid(recipe, [field for name, field in fields.items() if name not in FIRST], {})
        pressed = st.form_submit_button("Start training", type="primary", disabled=not can_run)
    if pressed:
        _start(database, given)


def _can_run() -> bool:
    """Whether this machine can train; where it cannot, the page says what is missing."""
    try:
        check_can_run(settings(), JOB)
    except TrainingMissingError as error:
        st.warning(literal(error))
        return False
    return True


def _start(database: AppDatabase, given: dict[str, object]) -> None:
    try:
        config = TrainConfig(**given)  # type: ignore[arg-type]
        check_config(config)
        if not config.starts_trained:
            check_shape(config)
    except WaferError as error:
        st.error(literal(error))
        return
    if run_folder(settings().home, config.name).exists():
        st.error(
            f"A run named {literal(config.name)} exists already. Resume it among the runs, or choose another name."
        )
        return
    words = command_words(TrainConfig, given)
    job = start(database, settings(), JOB, words, person_or_account(), title=f"Train {config.name}")
    open_page("training", run=str(job.id), started="1")  # `STARTED`


def _grid(recipe: Recipe, fields: list[ConfigField], known: dict[str, list[str]]) -> dict[str, object]:
    given = {}
    for first in range(0, len(fields), COLUMNS):
        slots = st.columns(COLUMNS, vertical_alignment="bottom")
        for slot, field in zip(slots, fields[first : first + COLUMNS], strict=False):
            with slot:
                given[field.name] = _widget(recipe, field, known.get(field.name, []))
    return given


def _widget(recipe: Recipe, field: ConfigField, known: list[str]) -> object:
    """One field's widget, on the recipe's value; its help is the comment beside the field."""
    label = field.name.rstrip("_").replace("_", " ").capitalize()
    value = recipe.settings.get(field.name, field.default)
    about = f"{field.help[:1].upper()}{field.help[1:]}. `{field.flag}`"
    key = f"train-{recipe.name}-{field.name}"
    choices = [*map(str, field.choices), *known]
    if choices:
        shown = {"": "none", SERVED: "the weights in use", NOW: "labels that count now"}
        return st.selectbox(
            label, choices, index=choices.index(str(value)), help=about, key=key, format_func=lambda c: shown.get(c, c)
        )
    if field.kind is bool:
        return st.checkbox(label, bool(value), help=about, key=key)
    if field.several:
        words = [str(one) for one in (value if isinstance(value, tuple) else ())]
        return _several(field, st.text_input(label, shlex.join(words), help=f"{about}, parted by spaces", key=key))
    if field.kind is int:
        return int(st.number_input(label, value=int(str(value)), min_value=0, step=1, help=about, key=key))
    if field.kind is float:
        number = st.number_input(
            label, value=float(str(value)), min_value=0.0, step=None, format="%g", help=about, key=key
        )
        return float(number)
    return st.text_input(label, str(value), help=about, key=key).strip()


def _several(field: ConfigField, text: str) -> tuple[object, ...]:
    try:
        return tuple(field.kind(word) for word in shlex.split(text))
    except ValueError:
        st.caption(f":red[{literal(repr(text))} cannot be read.]")
        return ()
