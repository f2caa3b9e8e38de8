from benchmarks.editor import DEFECTS, open_editor

ANOTHER = """() => {
  const start = { ...data.start, instances: data.start.instances.slice(0, 1) };
  ed.update({ data: { ...data, start }, setStateValue() {}, setTriggerValue() {} });
  return ed.desk.doc.items.length;
}"""


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
