from dataclasses import replace
from pathlib import Path

import pytest

from core.settings import settings
from data.errors import SettingError
from web.entrance import entrance


@pytest.mark.parametrize("given", [{"oidc": "oidc.toml"}, {"proxy_header": "X-Remote-Email"}])
def test_ways_to_sign_in_where_nobody_has_to_end_the_start(given):
    at = replace(settings({}), **given)
    with pytest.raises(SettingError, match="Set WAFERSCOPE_ACCOUNTS=on"):
        entrance(at, lambda: None, lambda: 0, b"", (Path("a"), Path("b")))
