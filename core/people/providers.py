"""Identity providers (OpenID Connect) that a site's TOML file names, and what it says of each."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.people.accounts import LOCAL, PROXY
from core.people.claims import ClaimRules, read_rules, texts_of
from core.settings import Settings
from data.errors import SettingError

VARIABLE = "WAFERSCOPE_OIDC"
SCOPES = ("openid", "email", "profile")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CONNECTION = (
    "title",
    "issuer",
    "client_id",
    "client_secret",
    "client_secret_file",
    "scopes",
    "hosts",
    "proxy",
    "ca_file",
)
PEOPLE = ("email_domains", "trust_email", "sign_up", "sign_up_role", "sign_up_products", "take_over")
KEYS = frozenset((*CONNECTION, *PEOPLE, "roles", "products"))
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class Provider:
    """One provider.

    Args:
        name: in addresses and records.
        title: on the sign-in page's button.
        issuer: its address; what it says of itself must repeat it letter by letter.
        client_id: by which it knows this app.
        client_secret: by which this app proves that; "" for none.
        client_secret_file: file of the secret, read at each sign-in, so that it can be changed; "" for none.
        scopes: what is asked for.
        hosts: further hosts, as HOST or HOST:PORT, which the issuer may name for its keys and tokens.
        proxy: address through which it is asked, "" for none.
        ca_file: file of the authorities that vouch for its certificate, "" for the usual ones.
        email_domains: whose addresses may sign in; none named: all.
        trust_email: whether an e-mail counts that it does not say is verified.
        rules: what claims say of roles and products, and what holds for new accounts.
    """

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    scopes: tuple[str, ...] = SCOPES
    hosts: tuple[str, ...] = ()
    proxy: str = field(default="", repr=False)
    ca_file: str = ""
    email_domains: tuple[str, ...] = ()
    trust_email: bool = False
    rules: ClaimRules = field(default_factory=ClaimRules)

    @property
    def way(self) -> str:
        """How accounts that sign in by it say so."""
        return f"oidc:{self.name}"

    @property
    def secret(self) -> str:
        """The secret as it is now, "" for none.

        Raises:
            SettingError: its file cannot be read.
        """
        if not self.client_secret_file:
            return self.client_secret
        try:
            return Path(self.client_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = f"the secret at {self.client_secret_file} cannot be read ({type(error).__name__})"
            raise SettingError(f"{VARIABLE} [{self.name}]", problem, "Correct client_secret_file.") from error

    def may_ask(self, address: str) -> bool:
        """Return whether the app may send a request there: to the issuer's own host, or another that is named."""
        try:
            asked, own = urlsplit(address), urlsplit(self.issuer)
        except ValueError:
            return False
        place = asked.netloc.lower()
        return asked.scheme == own.scheme and (place == own.netloc.lower() or place in self.hosts)

    def takes(self, email: str) -> bool:
        """Return whether addresses of that domain may sign in."""
        return not self.email_domains or email.rpartition("@")[2].lower() in self.email_domains


def read_providers(path: str) -> dict[str, Provider]:
    """Read the providers of a file by name, in its order.

    Args:
        path: of the TOML file; "" for no providers.

    Raises:
        SettingError: the file cannot be read, or a table of it cannot be used; it names the key.
    """
    if not path:
        return {}
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = f"expected a TOML file of providers at {path} ({error})"
        raise SettingError(VARIABLE, problem, "Correct or unset it.") from error
    return {name: _provider(name, table) for name, table in said.items()}


def ways(at: Settings) -> list[str]:
    """List the ways in which people may sign in by the settings, as accounts name them.

    Raises:
        SettingError: the file of the providers cannot be used.
    """
    return [
        LOCAL,
        *(provider.way for provider in read_providers(at.oidc).values()),
        *([PROXY] if at.proxy_header else []),
    ]


def _provider(name: str, table: object) -> Provider:
    where = f"{VARIABLE} [{name}]"
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise SettingError(where, "expected a table named by small letters, digits and hyphens", "Rename it.")
    if unknown := sorted(set(table) - KEYS):
        raise SettingError(where, f"knows no {', '.join(unknown)}", f"It knows {', '.join(sorted(KEYS))}.")
    scopes = texts_of(where, table, "scopes") or SCOPES
    if "openid" not in scopes:
        raise SettingError(where, "expected openid among the scopes", "Add it.")
    if table.get("client_secret") and table.get("client_secret_file"):
        raise SettingError(where, "has both client_secret and client_secret_file", "Leave one.")
    sign_up, take_over = (_switch(where, table, key) for key in ("sign_up", "take_over"))
    return Provider(
        name=name,
        title=_text(where, table, "title", name),
        issuer=_issuer(where, _text(where, table, "issuer")),
        client_id=_text(where, table, "client_id"),
        client_secret=_text(where, table, "client_secret", ""),
        client_secret_file=_text(where, table, "client_secret_file", ""),
        scopes=scopes,
        hosts=tuple(host.lower() for host in texts_of(where, table, "hosts")),
        proxy=_text(where, table, "proxy", ""),
        ca_file=_text(where, table, "ca_file", ""),
        email_domains=tuple(domain.lower().lstrip("@") for domain in texts_of(where, table, "email_domains")),
        trust_email=_switch(where, table, "trust_email"),
        rules=read_rules(where, table, sign_up=sign_up, take_over=take_over),
    )


def _issuer(where: str, text: str) -> str:
    """An https address; http on this machine alone, where nobody can listen."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        fits = fits and bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        fits = False
    if not fits:
        raise SettingError(where, f"expected an https address as issuer, found {text!r}", "Correct it.")
    return text


def _text(where: str, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    text = table.get(key, default)
    if not isinstance(text, str) or (default is None and not text.strip()):
        raise SettingError(where, f"expected a text as {key}", "Write it.")
    return text.strip()


def _switch(where: str, table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise SettingError(where, f"expected true or false as {key}, found {value!r}", "Correct it.")
    return value
