import pytest

from data.errors import SettingError
from tests.web.asgi_calls import finished
from web.host_guard import HostGuard, Place, allowed_places, place_of

OWN = "10.1.2.3"
HOSTS = "fab.example, *.lab.example, proxy.example:8443, 192.168.7.7"


def asked(host: str | None, origin: str | None = None, hosts: str = HOSTS, kind: str = "http", server: str = OWN):
    """What the guard does: the status of its refusal (0 for a closed websocket), or the scope that the app gets."""
    reached, sent = [], []

    async def app(scope, _receive, _send):
        reached.append(scope)

    async def send(message):
        sent.append(message)

    headers = [(name, value.encode()) for name, value in ((b"host", host), (b"origin", origin)) if value is not None]
    scope = {
        "type": kind,
        "headers": headers,
        "server": (server, 8501),
        "scheme": "ws" if kind == "websocket" else "http",
    }
    finished(HostGuard(app, hosts)(scope, None, send))
    return reached[0] if reached else sent[0].get("status", 0)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "host",
    [
        "localhost:8501",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1:8501",
        "127.0.0.2",
        "[::1]:8501",
        OWN,
        f"{OWN}:9",
        "fab.example",
        "Fab.Example.:80",
        "a.lab.example",
        "a.b.lab.example",
        "proxy.example",
        "192.168.7.7:8501",
    ],
)
def test_own_names_are_let_through(kind, host):
    assert asked(host, kind=kind)["type"] == kind
    assert asked(host, f"http://{host}".lower(), kind=kind)["type"] == kind


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8501",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "lab.example",
        "xlab.example",
        "fab.example.evil",
        "10.1.2.4",
        "0.0.0.0:8501",
        "localhost@evil.example",
        "a b",
        "[::2]",
        "[x]",
        "fab.example/",
        "localhost:8501:9",
        "localhost:999999",
    ],
)
def test_foreign_names_are_refused(host):
    assert asked(host) == 421
    assert asked(host, kind="websocket") == 0


def test_two_names_at_once_are_refused():
    scope = {"type": "http", "headers": [(b"host", b"localhost"), (b"host", b"evil.example")], "server": None}
    sent = []

    async def send(message):
        sent.append(message)

    finished(HostGuard(None, "")(scope, None, send))
    assert sent[0]["status"] == 421


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8501", "http://evil.example"),
        ("localhost:8501", "https://evil.example:8501"),
        ("localhost:8501", "http://localhost:3000"),
        ("localhost:8501", "http://localhost"),
        ("localhost:8501", "null"),
        ("localhost:8501", "file://"),
        ("localhost:8501", ""),
        ("localhost:8501", "http://localhost:8501@evil.example"),
        ("localhost:8501", "http://localhost:8501.evil.example"),
        ("localhost:8501", "http://fab.example:3000"),
        ("fab.example", "http://localhost"),
        ("fab.example", "http://evil.example"),
        ("evil.example", "http://evil.example"),
    ],
)
def test_other_websites_are_refused(host, origin):
    expected = 421 if host == "evil.example" else 403
    assert asked(host, origin) == expected
    assert asked(host, origin, kind="websocket") == 0


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8501", "http://127.0.0.1:8501"),
        ("localhost:8501", "http://[::1]:8501"),
        ("localhost:8501", "https://fab.example"),
        ("localhost:8501", "https://proxy.example:8443"),
        ("localhost:8501", "https://proxy.example:8501"),
        ("10.1.2.3:8501", "https://a.lab.example"),
    ],
)
def test_a_proxy_may_change_the_name(host, origin):
    assert asked(host, origin)["type"] == "http"
    scope = asked(host, origin, kind="websocket")
    assert dict(scope["headers"])[b"origin"] == f"http://{host}".encode()  # so that nobody outside is asked about it


def test_any_name_may_be_allowed_but_no_other_website():
    assert asked("evil.example", hosts="*")["type"] == "http"
    assert asked("evil.example", "http://evil.example", hosts="*")["type"] == "http"
    assert asked("evil.example", "http://other.example", hosts="*") == 403


def test_what_is_no_request_goes_through():
    reached = []

    async def app(scope, _receive, _send):
        reached.append(scope["type"])

    finished(HostGuard(app)({"type": "lifespan"}, None, None))
    assert reached == ["lifespan"]


@pytest.mark.parametrize("hosts", ["fab.example;lab.example", "http://fab.example", "fab.*", "a b"])
def test_a_setting_of_nonsense_is_refused(hosts):
    with pytest.raises(SettingError, match=r"WAFERSCOPE_HOSTS: expected names of hosts"):
        allowed_places(hosts)


def test_names_are_read_as_browsers_write_them():
    assert allowed_places("") == ()
    assert allowed_places("A.example:80,,[::1]") == (Place("a.example", 80), Place("::1"))
    assert place_of("[::1]:80") == Place("::1", 80)
