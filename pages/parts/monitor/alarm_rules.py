"""The rules for alarms: which there are, on and off, and a form to write one."""

import streamlit as st

from core.alarms.rules import LEAST_AFFECTED, LEAST_WAFERS, RECENT_DAYS
from core.alarms.sight import rules_seen
from core.alarms.store import AlarmRule, RuleKind, rule_by_id, rules, save_rule
from core.database import AppDatabase
from core.lake import Lake
from core.monitoring.quality import LEAST_LABELLED
from data.classes import CLASSES
from pages.parts.empty import explained
from pages.parts.literal import literal
from pages.parts.person import person_here

KINDS = {
    RuleKind.SEVERITY: "Severity over a limit",
    RuleKind.SHARE: "Share of a class over a limit",
    RuleKind.SPC: "A class beyond its control limits",
    RuleKind.NEW: "A class new to a product",
    RuleKind.AGREEMENT: "Agreement with labels falls",
}
MEANINGS = {
    RuleKind.SEVERITY: "A lot has wafers whose severity is above the limit. One alarm a lot.",
    RuleKind.SHARE: (
        f"Of the wafers of a product in the last days, at least {LEAST_WAFERS}, the share that shows a class is "
        "above the limit. One alarm for each product and class; after it was acknowledged, counting starts anew."
    ),
    RuleKind.SPC: (
        "The daily share of wafers of a product that show a class breaks a Western Electric rule upwards. The chart of "
        "individual values takes the older half of the days as normal. At least "
        f"{LEAST_AFFECTED} wafers have to speak for it."
    ),
    RuleKind.AGREEMENT: (
        "The IoU of results with people's labels is lower by at least the limit in the seven days that end with the "
        f"newest labelled test than in the seven before, with {LEAST_LABELLED} labelled wafers or more in each. A "
        "single class must also be lower by more than chance."
    ),
    RuleKind.NEW: (f"A class is found on a product on which none of at least {LEAST_WAFERS} earlier wafers showed it."),
}
NAMES = {c.key: c.name for c in CLASSES}
WITH_LIMIT = (RuleKind.SEVERITY, RuleKind.SHARE, RuleKind.AGREEMENT)
UNITS = {RuleKind.SEVERITY: "", RuleKind.SHARE: " %", RuleKind.AGREEMENT: " points"}
WITH_DAYS = (RuleKind.SHARE, RuleKind.SPC)
NEW_RULE = 0  # no rule of the database has this number


def rule_editor(lake: Lake, database: AppDatabase) -> None:
    """Show the rules with a switch each, and a form for one of them or a new one."""
    with database.reading() as session:
        known = {rule.id: rule for rule in rules_seen(rules(session), lake)}
    st.caption(f"Wafers tested more than {RECENT_DAYS} days before the newest one raise nothing.")
    for rule in known.values():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.toggle(
                f"**{literal(rule.name)}** · {literal(_words(rule))}",
                value=rule.enabled,
                key=f"rule-on-{rule.id}",
                help=MEANINGS[rule.kind],
                on_change=_switch,
                args=(database, rule.id, not rule.enabled),
            )
    choices = [NEW_RULE, *known]
    chosen = st.selectbox(
        "Write",
        choices,
        key="rule-chosen",
        format_func=lambda number: f"Change: {known[number].name}" if number else "New rule",
        help="A new rule, or one to change. What a rule raised before stays as it is.",
    )
    rule = known.get(chosen) or AlarmRule(name="", kind=RuleKind.SEVERITY, threshold=80.0)
    _form(rule, lake, database)


def _form(rule: AlarmRule, lake: Lake, database: AppDatabase) -> None:
    """Draw the fields of a rule; those that its kind has no use for are not shown."""
    stamp = f"rule-{rule.id}"
    with st.container(border=True):
        kind = st.selectbox(
            "Looks at",
            list(KINDS),
            index=list(KINDS).index(rule.kind),
            format_func=KINDS.__getitem__,
            key=f"{stamp}-kind",
        )
        st.caption(MEANINGS[kind])
        left, middle, right = st.columns(3)
        name = left.text_input("Name", rule.name, key=f"{stamp}-name", max_chars=200, placeholder="As alarms name it")
        products = ["", *sorted({*lake.distinct("product"), *([rule.product] if rule.product else [])})]
        product = middle.selectbox(
            "Product",
            products,
            index=products.index(rule.product),
            format_func=lambda one: one or "All products",
            key=f"{stamp}-product",
            help="Only wafers of this product. All products: each by itself.",
        )
        classes = ["", *NAMES]
        defect_class = right.selectbox(
            "Class",
            classes,
            index=classes.index(rule.defect_class),
            format_func=lambda key: NAMES.get(key, "All classes"),
            key=f"{stamp}-class",
            help="Only this class. All classes: each by itself; for severity: wafers of whatever class.",
        )
        threshold, days = _limits(rule, kind, left, middle)
        if st.button("Save rule", type="primary", key=f"{stamp}-save"):
            with explained(), database.writing() as session:
                kept = rule_by_id(session, rule.id) if rule.id else rule
                kept.name, kept.kind, kept.product, kept.defect_class = name, kind, product, defect_class
                kept.threshold, kept.days = threshold, days
                save_rule(session, kept, person_here())
            st.toast(f"Rule {literal(repr(name))} is saved. It looks at wafers that come in from now on.")
            st.rerun()


def _limits(
    rule: AlarmRule, kind: RuleKind, left: st.delta_generator.DeltaGenerator, middle: st.delta_generator.DeltaGenerator
) -> tuple[float, int]:
    """Draw limit and days of a rule, where its kind has them."""
    stamp = f"rule-{rule.id}"
    threshold, days = rule.threshold, rule.days
    if kind in WITH_LIMIT:
        threshold = left.number_input(
            f"Limit ({UNITS[kind].strip()})" if UNITS[kind] else "Limit",
            0.0,
            100.0,
            float(rule.threshold),
            1.0,
            key=f"{stamp}-limit",
            help="Above it, the rule fires: severity (0 to 100), percent of the wafers, or points of IoU lost.",
        )
    if kind in WITH_DAYS:
        days = middle.number_input(
            "Days", 1, 365, rule.days, key=f"{stamp}-days", help="How far it looks back from the newest test."
        )
    return threshold, days


def _switch(database: AppDatabase, number: int, enabled: bool) -> None:
    with explained(), database.writing() as session:
        rule = rule_by_id(session, number)
        rule.enabled = enabled
        save_rule(session, rule, person_here())


def _words(rule: AlarmRule) -> str:
    """Return what a rule looks at in a line."""
    limit = f", above {rule.threshold:g}{UNITS[rule.kind]}" if rule.kind in WITH_LIMIT else ""
    days = f", over {rule.days} days" if rule.kind in WITH_DAYS else ""
    classes = NAMES.get(rule.defect_class, "all classes")
    return f"{KINDS[rule.kind]}{limit}{days}; {rule.product or 'all products'}, {classes}"
