from core.alarms import check
from core.alarms.store import AlarmRule, RuleKind, acknowledge, open_alarms, save_rule, wafers_of
from tests.core.alarms.examples import opened
from tests.core.monitoring.examples import all_failing, case, keep, label, rows


def wafers(week, end, labelled=True, first=0):
    """Ten wafers of a week with two true rows of edge, and what was found on them."""
    return [
        case(
            all_failing(7 * week + (6 if week else n % 7), lot_id=f"L{first + 100 * week + n:03d}"),
            rows(edge=(0, 2)) if labelled else None,
            rows(edge=(0, end)),
        )
        for n in range(10)
    ]


def agreement_rule(database, ana, **fields):
    with database.writing() as session:
        save_rule(session, AlarmRule(name="falls", kind=RuleKind.AGREEMENT, threshold=5.0, **fields), ana)


def test_a_drop_raises_an_alarm_when_labels_come_and_once(lake, database, ana):
    agreement_rule(database, ana, defect_class="edge")
    keep(lake, database, *wafers(0, 2), *wafers(1, 4, labelled=False))
    assert check(lake, database).raised == 0
    label(database, *((one.wafer, rows(edge=(0, 2))) for one in wafers(1, 4)))  # no new result, but labels
    assert check(lake, database).raised == 1
    assert check(lake, database).raised == 0
    alarm = opened(database)[0]
    assert alarm.words.startswith("Edge on TC38: IoU 0.50 on 10 labelled wafers of the newest week, 1.00 on 10")
    with database.reading() as session:
        assert len(wafers_of(session, alarm.id)) == 10


def test_what_was_acknowledged_comes_back_with_new_results_only(lake, database, ana):
    agreement_rule(database, ana, defect_class="edge")
    keep(lake, database, *wafers(0, 2), *wafers(1, 4))
    check(lake, database)
    with database.writing() as session:
        acknowledge(session, open_alarms(session)[0].id, "trains again", ana)
    assert check(lake, database).raised == 0
    keep(lake, database, *wafers(1, 4, first=50))
    assert check(lake, database).raised == 1


def test_steady_agreement_and_other_products_raise_nothing(lake, database, ana):
    agreement_rule(database, ana, product="TC49")
    agreement_rule(database, ana, defect_class="ring")
    keep(lake, database, *wafers(0, 2), *wafers(1, 4))
    assert check(lake, database).raised == 0
