"""Pages are compiled while other threads parse Python, as every traceback that is written does."""

import subprocess
import sys
import textwrap
import tomllib

import pytest

from tests.source_tree import ROOT

SECONDS = 6
STRESS = """
    import ast, gc, sys, threading, time
    from pathlib import Path
    from streamlit import config
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache

    class Garbage:  # what the collector frees in the middle of a parse, and by that lets other threads go on
        def __init__(self):
            self.itself = self

        def __del__(self):
            time.sleep(1e-6)

    config.get_config_options()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(700, 10, 10)
    page = max(Path("pages").glob("*.py"), key=lambda path: path.stat().st_size)
    text = page.read_text()
    until, failed, compiled = time.monotonic() + SECONDS, [], [0]

    def deep(levels, action):
        return deep(levels - 1, action) if levels else action()

    def parse(levels):
        while time.monotonic() < until:
            [Garbage() for _ in range(5)]
            try:
                deep(levels, lambda: ast.parse(text))
            except SystemError:
                pass  # Python's own fault, which must not become ours

    def compile_pages():
        while time.monotonic() < until:
            [Garbage() for _ in range(5)]
            try:
                ScriptCache().get_bytecode(str(page))
            except SystemError as error:
                failed.append(str(error))
            compiled[0] += 1

    threads = [threading.Thread(target=compile_pages)]
    threads += [threading.Thread(target=parse, args=(11 * n + 3,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert compiled[0] and not failed, failed[:1]
    """


def test_pages_are_compiled_without_looking_for_lone_expressions():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["runner"]["magicEnabled"] is False


@pytest.mark.slow
def test_pages_compile_while_other_threads_parse():
    code = textwrap.dedent(STRESS).replace("SECONDS", str(SECONDS))
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-2000:]
