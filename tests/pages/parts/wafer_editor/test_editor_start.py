import pytest

from benchmarks.editor import DEFECTS, open_editor

ANOTHER = """() => {
  const start = { ...data.start, instances: data.start.instances.slice(0, 1) };
  ed.update({ data: { ...data, start }, setStateValue() {}, setTriggerValue() {} });
  return ed.desk.doc.items.length;
}"""


@pytest.mark.slow
def test_another_start_is_taken_until_something_was_changed(browser):
    page = browser.new_page()
    open_editor(page)
    count = "() => ed.desk.doc.items.length"
    assert page.evaluate(count) == DEFECTS
    assert page.evaluate(ANOTHER) == 1
    page.evaluate("() => ed.update({ data, setStateValue() {}, setTriggerValue() {} })")
    assert page.evaluate(count) == DEFECTS
    page.keyboard.press("Escape")
    page.evaluate("() => { ed.take('brush'); ed.hand.begin([200, 200], {}); ed.hand.move([230, 230]); ed.hand.end(); }")
    changed = page.evaluate(count)
    assert page.evaluate(ANOTHER) == changed > 1
    page.close()


BEGIN_AND_CANCEL = """tool => {
  const { desk } = ed, failing = desk.failing.findIndex((fails, die) => fails && !ed.tally.total[die]);
  const [row, column] = [Math.floor(failing / desk.grid.columns), failing % desk.grid.columns];
  const items = () => desk.doc.items.map(i => [i.number, i.class, i.state, [...i.dies]]);
  const plain = () => JSON.stringify([items(), desk.doc.outline,
    [...desk.selection], desk.doc.done.length, desk.doc.undone.length]);
  ed.undo(); // something can be done again
  const before = plain(), point = ed.hand.pixel([row, column]);
  ed.take(tool);
  ed.hand.begin(point, {});
  ed.hand.move([point[0] + 9, point[1] + 9]);
  ed.hand.cancel();
  return [before, plain()];
}"""


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["polygon", "lasso", "brush", "eraser", "wand", "rectangle", "pick"])
def test_a_second_finger_takes_back_what_the_first_began_with_every_tool(browser, tool):
    page = browser.new_page()
    open_editor(page)
    page.evaluate(
        "() => { ed.desk.selection = new Set([1]); ed.reclass(3); ed.desk.selection = new Set([2]); ed.reclass(4); }"
    )
    before, after = page.evaluate(BEGIN_AND_CANCEL, tool)
    assert after == before
    page.close()


def test_the_map_has_the_keyboard_and_a_click_that_brings_it_back_selects_nothing(browser):
    page = browser.new_page()
    open_editor(page)
    assert page.evaluate("() => document.activeElement === ed.top")
    chosen = "() => [...ed.desk.selection]"
    before = page.evaluate(chosen)
    press = "focused => { ed.take('pick'); ed.hand.begin([300, 300], {}, focused); ed.hand.end(); }"
    page.evaluate(press, False)
    assert page.evaluate(chosen) == before
    page.evaluate(press, True)
    assert page.evaluate(chosen) != before
    page.close()


def test_the_tool_bar_does_not_move_the_map(browser):
    page = browser.new_page(viewport={"width": 700, "height": 900})
    open_editor(page)
    top = "tool => { ed.take(tool); ed.draw(); return ed.top.getBoundingClientRect().top; }"
    assert len({page.evaluate(top, tool) for tool in ("pick", "brush", "wand")}) == 1
    page.close()
