import pytest

from data.errors import SettingError
from tests.web.asgi_calls import Behind, ask
from web.loopback_only import LoopbackOnly, check_address


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.0.0.9", "unix:///run/a.sock"])
def test_this_machine_is_where_one_may_listen(address):
    check_address(address)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "10.1.2.3", "fab.example"])
def test_elsewhere_it_takes_accounts_or_a_setting_that_says_so(address):
    with pytest.raises(SettingError, match=r"WAFERSCOPE_ACCOUNTS=on.*WAFERSCOPE_OPEN_WITHOUT_ACCOUNTS=on"):
        check_address(address)


@pytest.mark.parametrize("server", [("127.0.0.1", 8501), ("::1", 8501), None, ("/run/a.sock", None)])
def test_requests_of_this_machine_are_answered(server):
    assert ask(LoopbackOnly(Behind()), server=server).body == "inside"


@pytest.mark.parametrize("server", [("10.1.2.3", 8501), ("172.17.0.2", 80), ("fe80::1", 1)])
def test_requests_that_came_by_another_address_are_refused(server):
    behind = Behind()
    answer = ask(LoopbackOnly(behind), server=server)
    assert answer.status == 403
    assert "WAFERSCOPE_ACCOUNTS=on" in answer.body
    assert ask(LoopbackOnly(behind), kind="websocket", server=server).status == 1008
    assert behind.asked == []
