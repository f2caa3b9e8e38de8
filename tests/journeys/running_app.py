"""The app in a process of its own and Debian's Chromium, for journeys and for the pictures in the documents."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

from tests.source_tree import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # No name leads off this machine, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
START_SECONDS = 120


@contextmanager
def running_app(
    home: Path,
    environment: Mapping[str, str],
    *,
    script: str = "app.py",
    port: int | None = None,
    address: str = "127.0.0.1",
) -> Iterator[str]:
    """Serve the app on this machine; gives its address, and ends it after.

    Args:
        home: its workspace; what the server says goes to `server.log` there.
        environment: variables beside those of this process.
        script: what Streamlit runs, from the project's root.
        port: where it listens, None for a free port.
        address: on which address.

    Raises:
        RuntimeError: it ended, or did not answer in two minutes; the log's end says why.
    """
    port = port or free_port()
    options = {"headless": "true", "port": port, "address": address, "fileWatcherType": "none"}
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += [part for name, value in options.items() for part in (f"--server.{name}", str(value))]
    log = home / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "WAFERSCOPE_HOME": str(home), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/_stcore/health", server, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start Chromium, driven by playwright; `CHROMIUM` says whether there is one."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def watched(page: Page, url: str) -> Iterator[list[str]]:
    """Let a page ask nobody but the app; gives what else it asked for, what scripts said, and what they broke.

    Args:
        page: not yet opened.
        url: of the app.
    """
    seen: list[str] = []

    def ask(route: Route) -> None:
        if route.request.url.startswith((f"{url}/", "data:", "blob:")):
            route.continue_()
        else:
            seen.append(route.request.url)
            route.abort()

    def close(dialog: Dialog) -> None:
        seen.append(dialog.message)
        dialog.dismiss()

    page.route("**/*", ask)
    page.on("dialog", close)
    page.on("pageerror", lambda error: seen.append(str(error)))
    yield seen


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"the app did not start:\n{log.read_text()[-2000:]}")
