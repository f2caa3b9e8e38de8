import os
import socket

import pytest

from core.database import AppDatabase
from core.identity import Person
from core.jobs import launch
from core.jobs.folder import LOG, job_folder
from core.jobs.processes import name_of
from core.jobs.store import JobState, add_job, end
from core.lake import Lake, WaferFilter
from core.projection.views import LakeMap
from core.segmentation import Segmenter
from pages.parts.explore import map_state
from tests.tiny_model import write_tiny_model

EVERYTHING = WaferFilter()


@pytest.fixture
def mapped(built_home, tmp_path, monkeypatch, tiny_model_path):
    """The same workspace with an app database of its own."""
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    for name in ("lake", "map"):
        (tmp_path / name).symlink_to(built_home / name)
    return tmp_path


@pytest.fixture
def started(monkeypatch):
    """What was started instead of a process."""
    found = []
    monkeypatch.setattr(map_state, "start", lambda _d, _a, name, flags, _p, title: found.append((name, flags, title)))
    return found


def said(app):
    return "\n".join(str(e.value) for e in (*app.markdown, *app.caption, *app.info, *app.error, *app.code))


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def map_of(home, tiny_model_path):
    return LakeMap.open(Lake(home / "lake"), home, Segmenter.load(str(tiny_model_path)).name)


def test_the_map_its_clusters_and_what_is_unlike_all_others(open_page, mapped, tiny_model_path):
    app = open_page("map", home=mapped)
    assert not app.exception
    found = map_of(mapped, tiny_model_path)
    assert "**60** wafers, fitted on 60" in said(app)
    assert f"**4** clusters, as asked, silhouette **{found.about.silhouette:.2f}**" in said(app)
    assert "axes have no unit" in said(app)
    assert app.dataframe[0].value["cluster"].tolist() == list(found.about.names)
    assert app.dataframe[0].value["wafers"].sum() == 60
    assert "novelty **9" in said(app)
    assert "Choose a cluster from the list" in said(app)


@pytest.mark.parametrize("color", ["Cluster", "Class", "Product", "Severity", "Time", "Novelty"])
def test_every_colouring_draws(open_page, mapped, color):
    app = open_page("map", home=mapped, color=color)
    assert not app.exception
    assert app.selectbox(key="color").value == color
    assert len(app.get("plotly_chart")) == 1


def test_a_cluster_from_the_list_shows_its_wafers(open_page, mapped, tiny_model_path):
    found = map_of(mapped, tiny_model_path)
    name = found.about.names[1]
    count = int(found.clusters(EVERYTHING)["wafers"].iloc[1])
    app = open_page("map", home=mapped)
    app.selectbox(key="cluster").select(name).run()
    assert not app.exception
    assert f"**{count:,}** wafers of **{name}**" in said(app)
    assert "What they are" in said(app)
    assert "What they share" in said(app)
    press(app, "Choose all again")
    assert app.selectbox(key="cluster").value is None


def test_an_area_in_the_link_shows_its_wafers(open_page, mapped, tiny_model_path):
    area = [(0.0, 0.0), (50.0, 0.0), (50.0, 101.0), (0.0, 101.0)]
    keys = map_of(mapped, tiny_model_path).members(EVERYTHING, area=area)
    app = open_page("map", home=mapped, area="0 0,50 0,50 101,0 101")
    assert not app.exception
    assert f"**{len(keys)}** wafers of **an area of the map**" in said(app)
    press(app, "Choose all again")
    assert "area" not in app.query_params
    empty = open_page("map", home=mapped, area="300 300,301 300,301 301")
    assert "No wafer of an area of the map passes" in said(empty)


def test_filters_narrow_the_map(open_page, mapped):
    app = open_page("map", home=mapped, **{"class": "Ring"})
    app.multiselect(key="product").select("TC38").run()
    assert not app.exception
    assert app.dataframe[0].value["wafers"].sum() == 5
    app.slider(key="severity").set_value((99, 100)).run()
    assert "No wafer of the map passes" in said(app)


@pytest.mark.parametrize("query", [{"color": "Weight"}, {"cluster": "dust"}, {"area": "here"}, {"shown": "99"}])
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, mapped, query):
    app = open_page("map", home=mapped, **query)
    assert not app.exception
    assert "**60** wafers" in said(app)


def test_without_a_map_the_page_offers_to_build_it(open_page, own_home, monkeypatch, tiny_model_path, started):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    app = open_page("map", home=own_home)
    assert not app.exception
    assert "**There is no map to show:** there is no map yet." in said(app)
    press(app, "Build the map")
    assert started == [("map_wafers", [], "Build the map")]


def test_a_map_of_another_model_is_not_shown(open_page, mapped, monkeypatch, tmp_path, tiny_model_path):
    other = write_tiny_model(tmp_path / "other.onnx", batch="M")
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(other))
    app = open_page("map", home=mapped)
    assert not app.exception
    assert "the one in use is tiny@" in said(app)
    assert not app.get("plotly_chart")


def test_a_model_without_embeddings_says_what_to_do(open_page, mapped, monkeypatch, tmp_path):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(write_tiny_model(tmp_path / "none.onnx", dimension=0)))
    app = open_page("map", home=mapped)
    assert not app.exception
    assert "gives no embeddings" in said(app)


def test_clusters_are_set_by_a_person(open_page, mapped, started):
    app = open_page("map", home=mapped)
    app.number_input(key="map-clusters").set_value(7).run()
    press(app, "Part anew")
    press(app, "By silhouette")
    press(app, "Fit anew")
    assert started == [
        ("map_wafers", ["--clusters", "7"], "Part into clusters"),
        ("map_wafers", [], "Part into clusters"),
        ("map_wafers", ["--anew", "--clusters", "4"], "Fit the map anew"),
    ]


def test_a_running_job_shows_its_progress_and_can_be_stopped(open_page, mapped):
    database = AppDatabase(mapped / "decisions.db")
    with database.writing() as session:
        job = add_job(session, "map_wafers", [], "Fit the map anew", Person("ana"))
        job.state, job.host, job.process = JobState.RUNNING, socket.gethostname(), name_of(os.getpid())
        number = job.id
    folder = job_folder(mapped, number)
    folder.mkdir(parents=True)
    (folder / LOG).write_text("placed 20 of 60 wafers [####....] 5/s, 0:08 left\n", encoding="utf-8")
    app = open_page("map", home=mapped)
    assert not app.exception
    assert app.get("progress")[0].proto.text == "Fit the map anew: placed 20 of 60 wafers"
    assert next(b for b in app.button if b.label == "Fit anew").disabled
    press(app, "Stop")
    assert launch.job(database, number).cancelled_by


def test_a_job_that_failed_shows_the_end_of_its_log(open_page, mapped):
    database = AppDatabase(mapped / "decisions.db")
    with database.writing() as session:
        job = add_job(session, "map_wafers", [], "Build the map", Person("ana"))
        end(job, JobState.FAILED, 1)
        number = job.id
    folder = job_folder(mapped, number)
    folder.mkdir(parents=True)
    (folder / LOG).write_text("map: 3 wafers have embeddings\n", encoding="utf-8")
    app = open_page("map", home=mapped)
    assert not app.exception
    assert "Build the map (job 1) could not do its work" in said(app)
    assert "map: 3 wafers have embeddings" in said(app)
