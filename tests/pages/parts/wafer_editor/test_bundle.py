import re

import pytest

from pages.parts.wafer_editor.bundle import HERE, script

TOP = re.compile(r"^(?:export )?(?:const|let|function|class) (\w+)", re.MULTILINE)


def test_every_module_is_in_the_script_once_and_nothing_is_left_to_import():
    modules = [path.read_text("utf-8") for path in (HERE / "js").glob("*.js")]
    assert len(modules) > 10
    for text in modules:
        assert script().count(text.splitlines()[0]) == 1
    assert re.findall(r"^import.*", script(), re.MULTILINE) == []


def test_no_two_modules_share_a_name():
    names = TOP.findall(script())
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_modules_can_be_read_in_one_sitting():
    lengths = {path.name: path.read_text("utf-8").count("\n") for path in (HERE / "js").glob("*.js")}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


@pytest.mark.slow
def test_the_browser_takes_the_script(tab):
    """A text that is no module would not load."""
    load = (
        "async text => typeof (await import(URL.createObjectURL(new Blob([text], {type: 'text/javascript'})))).default"
    )
    assert tab.evaluate(load, script()) == "function"
