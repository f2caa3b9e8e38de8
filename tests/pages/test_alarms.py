import csv
import io
import subprocess

import pytest
from sqlalchemy import delete

from core.alarms import check_and_send
from core.alarms.deliveries import Channel, channels, newest_deliveries, save_channel
from core.alarms.store import AlarmRule, acknowledge, open_alarms, past_alarms, rules
from core.database import AppDatabase
from core.identity import Person, local_person
from core.lake import Lake
from core.lake.scoring import main_reasons
from pages.parts.literal import literal
from tests.core.alarms.examples import keep, severe
from tests.core.alarms.receiver import receiving


@pytest.fixture
def home(tmp_path):
    """Workspace with two lots above 80, the second worse."""
    keep(Lake(tmp_path / "lake"), severe(0, 85.0, "edge"), severe(1, 10.0), severe(25, 96.0, "ring"))
    return tmp_path


@pytest.fixture
def database(home):
    return AppDatabase(home / "decisions.db")


@pytest.fixture
def looked(home, database):
    """The same, looked at for alarms."""
    check_and_send(Lake(home / "lake"), database, None)


def button(app, label):
    return next(one for one in app.button if one.label == label)


def words(app):
    return [one.value for one in app.markdown if "Lot" in one.value]


@pytest.fixture
def started(monkeypatch):
    """Whatever pages start as a process of its own."""
    found = []
    monkeypatch.setattr("core.alarms.sending.start", lambda *given, **named: found.append(given[2]))
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **named: found.append(given))
    return found


def test_opening_the_page_looks_for_nothing_and_starts_nothing(open_page, home, database, started):
    with database.writing() as session:
        save_channel(session, Channel(name="team", address="json://127.0.0.1:1/hook"), local_person())
    for view in ("Open", "History", "Rules", "Delivery"):
        app = open_page("alarms", home=home, show_alarms=view)
        assert not app.exception
    assert started == []
    with database.reading() as session:
        assert open_alarms(session) == []


def test_a_button_looks_for_alarms_and_has_a_job_send_them(open_page, home, database, started):
    with database.writing() as session:
        save_channel(session, Channel(name="team", address="json://127.0.0.1:1/hook"), local_person())
    app = open_page("alarms", home=home)
    button(app, "Look now").click().run()
    assert not app.exception
    assert len(words(app)) == 2
    assert started == ["check_alarms"]


@pytest.mark.usefixtures("looked")
def test_open_alarms_stand_worst_first_with_picture_and_way_to_the_wafer(open_page, home):
    app = open_page("alarms", home=home)
    assert not app.exception
    assert words(app) == [
        "**Lot LOT001 (TC38): severity up to 96 on 1 wafer, above 80**",
        "**Lot LOT000 (TC38): severity up to 85 on 1 wafer, above 80**",
    ]
    assert len(app.get("image")) == 2
    worst = ["LOT001:W01", "LOT000:W01"]
    reasons = main_reasons(Lake(home / "lake"), worst)
    assert [one.value for one in app.caption if "The most severe" in one.value] == [
        f"The most severe: {reasons[key]}." for key in worst
    ]
    assert {link.label for link in app.get("page_link")} == {":primary[LOT001 W01]", ":primary[LOT000 W01]"}


@pytest.mark.usefixtures("looked")
def test_an_alarm_is_acknowledged_with_a_comment_and_stands_in_the_history(open_page, home, database):
    app = open_page("alarms", home=home)
    app.text_area[0].set_value("pad replaced")
    button(app, "Acknowledge").click().run()
    assert not app.exception
    assert words(app) == ["**Lot LOT000 (TC38): severity up to 85 on 1 wafer, above 80**"]
    with database.reading() as session:
        (closed,) = past_alarms(session)
    assert (closed.comment, closed.acknowledged_by) == ("pad replaced", local_person().name)
    table = open_page("alarms", home=home, show_alarms="History").dataframe[0].value
    assert table[["comment", "wafers"]].values.tolist() == [["pad replaced", 1]]


@pytest.mark.usefixtures("looked")
def test_without_a_comment_an_alarm_stays_open_and_the_page_says_why(open_page, home, database):
    app = open_page("alarms", home=home)
    button(app, "Acknowledge").click().run()
    assert "expected a comment" in app.error[0].value
    with database.reading() as session:
        assert len(open_alarms(session)) == 2


@pytest.mark.usefixtures("looked")
def test_a_refused_comment_is_said_at_its_alarm_keeps_the_words_and_hides_no_card(open_page, home):
    app = open_page("alarms", home=home)
    app.text_area[0].set_value("  ")
    button(app, "Acknowledge").click().run()
    assert len(words(app)) == len(app.get("image")) == 2
    assert [one.value for one in app.error] == [
        "alarm 2: expected a comment of 1 to 4,000 characters. Say what was done about it."
    ]
    assert app.text_area[0].value == "  "
    app.text_area[0].set_value("pad replaced")
    button(app, "Acknowledge").click().run()
    assert not app.error
    assert words(app) == ["**Lot LOT000 (TC38): severity up to 85 on 1 wafer, above 80**"]


@pytest.mark.usefixtures("looked")
def test_what_the_second_of_two_people_writes_is_kept_and_who_was_faster_is_said(open_page, home, database):
    app = open_page("alarms", home=home)
    with database.writing() as session:
        number = open_alarms(session)[0].id
        acknowledge(session, number, "pad replaced", Person("bea"))
    app.text_area[0].set_value("etcher cleaned too")
    button(app, "Acknowledge").click().run()
    assert not app.exception
    assert "Somebody else was faster" in app.warning[0].value
    assert app.text[0].value.startswith("bea acknowledged this a minute ago: pad replaced")
    assert words(app) == ["**Lot LOT000 (TC38): severity up to 85 on 1 wafer, above 80**"]
    assert app.text_area[0].value == ""
    with database.reading() as session:
        (closed,) = past_alarms(session)
    assert closed.acknowledged_by == "bea"
    assert closed.comment.startswith("pad replaced\n")
    assert closed.comment.endswith("UTC: etcher cleaned too")


def test_a_rule_is_switched_off_and_on(open_page, home, database):
    app = open_page("alarms", home=home, show_alarms="Rules")
    for expected in (False, True):
        app.toggle(key="rule-on-1").set_value(expected).run()
        assert not app.exception
        with database.reading() as session:
            assert rules(session)[0].enabled is expected


def test_a_rule_is_written_and_changed(open_page, home, database):
    app = open_page("alarms", home=home, show_alarms="Rules")
    app.text_input(key="rule-None-name").set_value("Edge on TC38")
    app.selectbox(key="rule-None-kind").select("share").run()
    app.selectbox(key="rule-None-product").select("TC38")
    app.selectbox(key="rule-None-class").select("edge")
    app.number_input(key="rule-None-limit").set_value(12.0)
    app.number_input(key="rule-None-days").set_value(14).run()
    button(app, "Save rule").click().run()
    assert not app.exception
    with database.reading() as session:
        new = rules(session)[-1]
    assert (new.name, new.kind, new.product, new.defect_class) == ("Edge on TC38", "share", "TC38", "edge")
    assert (new.threshold, new.days, new.changed_by) == (12.0, 14, local_person().name)
    app.selectbox(key="rule-chosen").select(new.id).run()
    app.number_input(key=f"rule-{new.id}-limit").set_value(20.0).run()
    button(app, "Save rule").click().run()
    with database.reading() as session:
        assert [(one.threshold, one.days) for one in rules(session) if one.name == "Edge on TC38"] == [(20.0, 14)]


def test_a_rule_without_a_name_is_refused_in_a_sentence(open_page, home, database):
    app = open_page("alarms", home=home, show_alarms="Rules")
    button(app, "Save rule").click().run()
    assert "expected a name of 1 to 200 characters" in app.error[0].value


def test_a_channel_is_added_tested_and_its_address_never_shown(open_page, home, database):
    with receiving() as server:
        app = open_page("alarms", home=home, show_alarms="Delivery")
        assert "Alarms are sent nowhere yet" in app.info[0].value
        app.text_input[0].set_value("Etch team")
        app.text_input[1].set_value(server.address)
        button(app, "Add channel").click().run()
        assert not app.exception
        assert literal("json://****") in app.toggle[0].label
        button(app, "Send a test").click().run()
        assert "the test was delivered" in app.success[0].value
        server.status = 500
        button(app, "Send a test").click().run()
        assert "was not delivered" in app.error[0].value
    assert len(server.received) == 1
    with database.reading() as session:
        assert [channel.address for channel in channels(session)] == [server.address]
    said = [one.value for one in (*app.markdown, *app.error, *app.caption)]
    app = open_page("alarms", home=home, show_alarms="Delivery")
    fields = [one.value for one in app.text_input]
    assert not [text for text in (*said, *fields, app.toggle[0].label) if "s3cretpass" in text]


def test_an_address_that_apprise_does_not_know_is_refused(open_page, home, database):
    app = open_page("alarms", home=home, show_alarms="Delivery")
    app.text_input[0].set_value("Etch team")
    app.text_input[1].set_value("hello")
    button(app, "Add channel").click().run()
    assert "expected an address that apprise understands" in app.error[0].value
    with database.reading() as session:
        assert channels(session) == []


@pytest.mark.usefixtures("looked", "started")
def test_what_could_not_be_sent_is_shown_with_its_reason_and_sent_again(open_page, home, database):
    with receiving() as server:
        app = open_page("alarms", home=home, show_alarms="Delivery")
        app.text_input[0].set_value("Etch team")
        app.text_input[1].set_value(server.address)
        button(app, "Add channel").click().run()
        keep(Lake(home / "lake"), severe(50, 99.0))
        server.status = 503
        button(app, "Look now").click().run()
        button(app, "Send again").click().run()
        table = app.dataframe[0].value
        assert table[["channel", "state", "tries"]].values.tolist() == [["Etch team", "waiting", 1]]
        assert "503" in table["reason"][0]
        server.status = 200
        button(app, "Send again").click().run()
    assert not app.exception
    assert app.dataframe[0].value["state"].tolist() == ["delivered"]
    assert len(server.received) == 1
    with database.reading() as session:
        assert len(newest_deliveries(session)) == 1


def test_when_nothing_is_open_the_page_says_what_raises_alarms(open_page, home, database):
    with database.writing() as session:
        session.execute(delete(AlarmRule))
    app = open_page("alarms", home=home)
    assert not app.exception
    assert "No alarm is open" in app.info[0].value


@pytest.mark.usefixtures("looked")
@pytest.mark.parametrize("query", [{"show_alarms": "Nonsense"}, {"show_alarms": ["a", "b"]}])
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, home, query):
    app = open_page("alarms", home=home, **query)
    assert not app.exception
    assert len(words(app)) == 2


def test_a_workspace_without_wafers_shows_the_page(open_page, tmp_path):
    app = open_page("alarms", home=tmp_path)
    assert not app.exception
    assert "No alarm is open" in app.info[0].value


def test_a_database_that_cannot_be_used_is_said_in_a_sentence(open_page, home):
    (home / "decisions.db").write_bytes(b"not a database at all, " * 100)
    app = open_page("alarms", home=home)
    assert not app.exception
    assert "the app database cannot be used" in app.error[0].value


def csv_files(monkeypatch) -> dict[str, str]:
    """Collect what the page's buttons would hand over, by file name."""
    files: dict[str, str] = {}

    def handed(_label: str, data: object, file_name: str = "", *_: object, **__: object) -> None:
        content = data() if callable(data) else data
        files[file_name] = content.decode() if isinstance(content, bytes) else str(content)

    monkeypatch.setattr("streamlit.download_button", handed)
    return files


def test_what_people_wrote_of_alarms_and_channels_runs_in_no_spreadsheet(open_page, home, database, monkeypatch):
    with database.writing() as session:
        save_channel(session, Channel(name="=1+1", address="json://localhost/x"), local_person())
    check_and_send(Lake(home / "lake"), database, lambda *_: (0, 0))
    app = open_page("alarms", home=home)
    app.text_area[0].set_value('=HYPERLINK("http://x", "pad replaced")')
    button(app, "Acknowledge").click().run()
    files = csv_files(monkeypatch)
    assert not open_page("alarms", home=home, show_alarms="History").exception
    (closed,) = csv.DictReader(io.StringIO(files["alarms.csv"]))
    assert closed["comment"] == '\'=HYPERLINK("http://x", "pad replaced")'
    assert not open_page("alarms", home=home, show_alarms="Delivery").exception
    assert {row["channel"] for row in csv.DictReader(io.StringIO(files["deliveries.csv"]))} == {"'=1+1"}
