"""The app as it is served: names and origins are held on every way in, and nobody outside is asked about them."""

import socket
import threading

import pytest

from tests.journeys.running_app import free_port, running_app

pytestmark = pytest.mark.slow

WAYS = {
    "page": ("GET", "/", False),
    "websocket": ("GET", "/_stcore/stream", True),
    "health": ("GET", "/_stcore/health", False),
    "upload": ("PUT", "/_stcore/upload_file/session/file", False),
    "media": ("GET", "/media/none.png", False),
    "download": ("GET", "/batches/none/results.zip", False),
}
REFUSED = {421, 403}


@pytest.fixture(scope="module")
def outside():
    """A proxy of this test's own, through which Streamlit would ask for its address; what it was asked."""
    server, asked = socket.create_server(("127.0.0.1", 0)), []

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            asked.append(connection.recv(1000))
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1], asked
    server.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory, outside):
    proxy = f"http://127.0.0.1:{outside[0]}"
    environment = {
        "WAFERSCOPE_HOSTS": "fab.example",
        "WAFERSCOPE_OPEN_WITHOUT_ACCOUNTS": "on",
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), proxy),
        "no_proxy": "",
    }
    chosen = free_port()
    with running_app(tmp_path_factory.mktemp("guarded"), environment, port=chosen, address="0.0.0.0"):
        yield chosen


def status(port: int, way: str, host: str, origin: str = "") -> int:
    """Send one request by hand, and return the status of the answer."""
    method, path, upgrade = WAYS[way]
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Length: 0" if method == "PUT" else ""]
    lines += [f"Origin: {origin}"] if origin else []
    if upgrade:
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    else:
        lines += ["Connection: close"]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in (*filter(None, lines), "")).encode())
        return int(connection.recv(100).split()[1])


@pytest.mark.parametrize("way", WAYS)
def test_names_and_origins_are_held_on_every_way_in(port, way, outside):
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "fab.example"):
        assert status(port, way, host) not in REFUSED or way == "upload"  # which asks for its token
        assert status(port, way, host, f"http://{host}") != 421
        assert status(port, way, host, "http://evil.example") == 403
    assert status(port, way, f"evil.example:{port}") == (403 if way == "websocket" else 421)
    assert status(port, way, f"evil.example:{port}", f"http://evil.example:{port}") in REFUSED
    assert outside[1] == []


def test_a_websocket_opens_for_the_app_s_own_pages(port, outside):
    for host, origin in (
        (f"localhost:{port}", f"http://localhost:{port}"),
        ("fab.example", "https://fab.example"),
        (f"127.0.0.1:{port}", "https://fab.example"),
    ):
        assert status(port, "websocket", host, origin) == 101
    assert outside[1] == []
