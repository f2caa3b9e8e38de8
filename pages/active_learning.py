"""Active learning: which wafers to label next and why, what the labels so far have brought, and when to stop."""

import math

import streamlit as st

from core.active_learning.curves import stop_advice
from core.active_learning.results import Played, read_results
from core.active_learning.rounds import MOST_ITEMS, Round, rounds, run_name, time_saved, training_words
from core.annotation.items import UNTOUCHED, LabelItem
from core.annotation.progress import duration, items
from core.jobs.launch import jobs, start
from core.jobs.store import JobState
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.selection import UNCERTAINTY_WEIGHT, Strategy
from core.settings import settings
from core.training.config import run_folder
from pages.parts.blocks.job_watch import job_watch, newest_job
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.learn.learning_curves import NAMES, curve_block, round_curve
from pages.parts.learn.round_picks import coverage_block, picks_block
from pages.parts.learn.run_version import version_block
from pages.parts.learn.training_run import run_name as run_of
from pages.parts.links import link
from pages.parts.person import person_or_account

SELECT, TRAIN = "select_wafers", "train"
PLANNED = 10
HELP = {
    "round": "Newest round of labelling, of as many as are planned.",
    "labelled": "Wafers of the lake that hold a label that stands.",
    "minutes": "Work on the labels of all rounds, pauses left out.",
    "saved": "What random choice would have taken on top for the same score: of each wafer by the played rounds of the "
    "strategy that chose it, on the task on which that saves least. Wafers added by hand are left out. An estimate: "
    "other wafers, another network.",
    "strategy": "How the next wafers are chosen. Start with typical ones; then what the played rounds below show best.",
    "weight": "Of uncertainty, by rank; the rest goes to being unlike all that is labelled or chosen. 1: that alone.",
    "again": "Puts others in the place of this round's wafers, by strategy and number as set here. Only while nobody "
    "has begun with them; wafers that were added by hand stay.",
}


def overview(found: list[Round], labelled: int, results: dict[str, Played], planned: int, hour: float) -> None:
    """Show how far labelling is, what it took, and what choosing saved."""
    newest = found[-1] if found else None
    minutes = math.fsum(one.minutes for one in found)
    with st.container(horizontal=True, gap="large"):
        st.metric("Round", f"{newest.number if newest else 0} of {planned}", help=HELP["round"])
        st.metric("Labelled", f"{labelled:,}", help=HELP["labelled"])
        st.metric("Without a label", f"{open_lake().count() - labelled:,}")
        if newest:
            st.metric("Waiting in this round", f"{newest.waiting:,}")
        st.metric("Time spent", duration(60 * minutes) if minutes else "–", help=HELP["minutes"])
        saved = time_saved(found, results)
        if saved.of:
            st.metric(
                "Time saved",
                f"{saved.minutes:,.0f} min",
                f"{saved.minutes / 60 * hour:,.0f} of cost, on {duration(60 * saved.of)} of work",
                delta_color="off",
                delta_arrow="off",
                help=HELP["saved"],
            )


def judge(found: list[Round]) -> None:
    """Show whether to go on, by the scores of the trainings that followed the rounds."""
    scored = [one for one in found if one.score is not None]
    said = stop_advice([one.score for one in scored if one.score is not None])
    (st.info if said.go_on else st.warning)(said.text)
    round_curve(found)
    if scored:
        st.caption("Score of training after each round: " + ", ".join(f"{r.number}: {r.score:.3f}" for r in scored))


def next_round(choice: list[str], queued: list[LabelItem], number: int, labelled: int) -> None:
    """Offer to choose wafers, for a new round or anew for this one, and to train on the labels so far.

    Args:
        choice: words that say how to choose.
        queued: items of the newest round.
        number: of that round, 0 before the first.
        labelled: wafers with a label.
    """
    database, at = open_database(), settings()
    running = {name: newest_job(name) for name in (SELECT, TRAIN)}
    busy = {name: job is not None and job.underway for name, job in running.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = int(st.number_input("Wafers", 1, 1000, 100, key="pick-count", width=130, help="Wafers to choose."))
        chosen = [item for item in queued if item.strategy is not None]
        fresh = bool(chosen) and all(item.status in UNTOUCHED for item in chosen)
        new = st.button("Choose the next wafers", type="primary", disabled=busy[SELECT])
        again = st.button("Choose again", disabled=busy[SELECT] or not fresh, help=HELP["again"])
        if new or again:
            words = [*choice, "--count", str(count), "--person", person_or_account().name]
            words += ["--again", "--iteration", str(number)] if again else []
            title = f"Choose wafers of round {number} again" if again else "Choose wafers to label"
            start(database, at, SELECT, words, person_or_account(), title=title)
            st.rerun()
        trained = number > 0 and run_folder(at.home, run_name(number)).exists()
        if st.button(
            "Train next round",
            disabled=not labelled or busy[TRAIN] or trained or not number,
            help="Trains from the weights in use on all labels that count now; goes on when you leave the page.",
        ):
            start(
                database,
                at,
                TRAIN,
                training_words(number, labelled),
                person_or_account(),
                title=f"Train {run_name(number)}",
            )
            st.rerun()
        link("annotate", "Label the next wafer")
        link("label_queue", "Queue")
        link("training", "Training")
    job_watch(running[SELECT])
    if busy[TRAIN]:
        job_watch(running[TRAIN])
    elif trained:
        how_trained(number)


def how_trained(number: int) -> None:
    """Show how the training of a round ended, and thereby why it is not offered anew."""
    job = next((one for one in jobs(open_database(), TRAIN) if run_of(one) == run_name(number)), None)
    if job is not None and job.state is JobState.CANCELLED:
        st.caption(f"The training of round {number} was stopped; *Training* resumes it.")
    elif job is not None and job.state is not JobState.DONE:
        job_watch(job)
    else:
        st.caption(f"Round {number} was trained. Next: make a version of it, or choose wafers for round {number + 1}.")
        if job is not None:
            version_block(job)


def choose_strategy(*, begun: bool) -> tuple[Strategy, list[str]]:
    """Choose how wafers are picked; the strategy, and the words that hand it to the job.

    Args:
        begun: some wafers hold a label, so that one can go by what is unlike them.
    """
    first = Strategy.HYBRID if begun else Strategy.TYPICAL
    strategy = Strategy(
        st.selectbox(
            "Strategy",
            [str(s) for s in Strategy],
            index=list(Strategy).index(first),
            key="strategy",
            bind="query-params",
            format_func=lambda s: NAMES[Strategy(s)],
            width=340,
            help=HELP["strategy"],
        )
    )
    if strategy is not Strategy.HYBRID:
        return strategy, ["--strategy", strategy]
    weight = st.number_input(
        "Weight of uncertainty",
        0.0,
        1.0,
        UNCERTAINTY_WEIGHT,
        0.05,
        key="weight",
        bind="query-params",
        width=150,
        help=HELP["weight"],
    )
    return strategy, ["--strategy", strategy, "--weight", f"{weight:g}"]


def choose_plan() -> tuple[int, float]:
    """Choose how many rounds are planned, and what an hour of labelling costs."""
    planned = st.number_input("Rounds planned", 1, 1000, PLANNED, key="planned", bind="query-params", width=150)
    hour = st.number_input(
        "Cost of an hour",
        0,
        10_000,
        100,
        key="hour",
        bind="query-params",
        width=150,
        help="Of labelling, in your currency.",
    )
    return int(planned), float(hour)


def round_wafers(lake: Lake, number: int, queued: list[LabelItem]) -> None:
    """Show the wafers of the newest round, or how to make the first."""
    st.subheader(f"Wafers of round {number}" if number else "Wafers of this round")
    if queued:
        picks_block(lake, number, queued)
    else:
        st.info("No round was made yet. Choose a strategy above, then press *Choose the next wafers*.")


def worth_of_labels(results: dict[str, Played], strategy: Strategy) -> None:
    """Show what rounds played without people say of a strategy, or how to play some."""
    st.subheader("What labels are worth")
    if results:
        curve_block(results, strategy)
    else:
        st.info("No rounds were played on this installation yet: run `python -m jobs.simulate_learning`.")


def show() -> None:
    """Show how far labelling is, offer the next round, and say what labels are worth."""
    lake = open_lake()
    st.title("Active learning")
    stop_if_empty(lake)
    with open_database().reading() as session:
        found, labelled = rounds(session, settings()), labelled_keys(session)
        newest = found[-1].number if found else 0
        queued = items(session, newest, MOST_ITEMS) if newest else []
    results = read_results()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        strategy, choice = choose_strategy(begun=bool(labelled))
        planned, hour = choose_plan()
    overview(found, len(labelled), results, planned, hour)
    judge(found)
    next_round(choice, queued, newest, len(labelled))
    round_wafers(lake, newest, queued)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("Coverage")
        coverage_block(lake, labelled, [item.wafer_key for item in queued])
    with right:
        worth_of_labels(results, strategy)


with explained():
    show()
