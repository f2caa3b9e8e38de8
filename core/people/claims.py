"""What an identity provider's claims about a person say of their role and products here, by tables of the site."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.people.roles import Role
from data.errors import SettingError

ALL = "*"
"""Stands for all products."""
MOST_VALUES = 10_000


@dataclass(frozen=True)
class ClaimRules:
    """What holds for people of a provider.

    Args:
        sign_up: whether somebody without an account gets one.
        sign_up_role: of an account that is made, where no claim decides.
        sign_up_products: that such an account sees, where no claim decides; `ALL` alone for all.
        take_over: whether an account that signs in another way becomes one of this provider by its e-mail.
        role_claim: name of the claim that decides on roles, "" for none: admins decide then.
        roles: role by value of that claim.
        role_default: of those whom no value gives a role; None: they may not sign in.
        product_claim: name of the claim that decides on products, "" for none.
        products: products by value of that claim; `ALL` for all.
        product_default: of those whom no value gives products.
    """

    sign_up: bool = False
    sign_up_role: Role = Role.VIEWER
    sign_up_products: tuple[str, ...] = ()
    take_over: bool = False
    role_claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    role_default: Role | None = None
    product_claim: str = ""
    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    product_default: tuple[str, ...] = ()

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the highest role that claims give, None where they give none."""
        given = {self.roles[value] for value in values_of(claims, self.role_claim) if value in self.roles}
        return next((role for role in reversed(Role) if role in given), self.role_default)

    def products_of(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the products that claims give, together; `ALL` alone for all."""
        found = [self.products[value] for value in values_of(claims, self.product_claim) if value in self.products]
        given = {product for products in found for product in products} or set(self.product_default)
        return (ALL,) if ALL in given else tuple(sorted(given))


def values_of(claims: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts that a claim holds: one, or a list of them; of a claim in a claim by a name with dots.

    Example:
        >>> values_of({"realm_access": {"roles": ["a", "b"]}}, "realm_access.roles"), values_of({"dept": "QA"}, "dept")
        (['a', 'b'], ['QA'])
    """
    value: Any = claims.get(name)
    if value is None:  # names that are addresses have dots too, so the whole name comes first
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [one for one in value[:MOST_VALUES] if isinstance(one, str)] if isinstance(value, list) else []


def read_rules(where: str, table: Mapping[str, Any], *, sign_up: bool, take_over: bool) -> ClaimRules:
    """Read the rules of a provider's table.

    Args:
        where: for errors.
        table: of the TOML file.
        sign_up: as the table says.
        take_over: as the table says.

    Raises:
        SettingError: something in it cannot be used.
    """
    roles, products = _sub_table(where, table, "roles"), _sub_table(where, table, "products")
    of_roles, of_products = _sub_table(where, roles, "of"), _sub_table(where, products, "of")
    return ClaimRules(
        sign_up=sign_up,
        sign_up_role=role_named(where, table.get("sign_up_role", Role.VIEWER.value)),
        sign_up_products=texts_of(where, table, "sign_up_products"),
        take_over=take_over,
        role_claim=_claim(where, roles, "roles"),
        roles={value: role_named(where, role) for value, role in of_roles.items()},
        role_default=role_named(where, roles["default"]) if "default" in roles else None,
        product_claim=_claim(where, products, "products"),
        products={value: texts_of(where, of_products, value) for value in of_products},
        product_default=texts_of(where, products, "default"),
    )


def texts_of(where: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts, or one, of a table; none where it is not there.

    Raises:
        SettingError: it holds something else.
    """
    value = table.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) and one.strip() for one in values):
        raise SettingError(where, f"expected a list of texts as {key}, found {value!r}", "Correct it.")
    return tuple(one.strip() for one in values)


def role_named(where: str, text: object) -> Role:
    """Return the role of a name.

    Raises:
        SettingError: there is none.
    """
    try:
        return Role(str(text))
    except ValueError:
        raise SettingError(
            where, f"expected one of {', '.join(Role)} as a role, found {text!r}", "Correct it."
        ) from None


def _claim(where: str, table: Mapping[str, Any], key: str) -> str:
    if unknown := sorted(set(table) - {"claim", "default", "of"}):
        raise SettingError(f"{where} {key}", f"knows no {', '.join(unknown)}", "It knows claim, default and of.")
    claim = table.get("claim", "")
    if not isinstance(claim, str) or (table and not claim.strip()):
        raise SettingError(f"{where} {key}", "expected the name of a claim", 'Write claim = "groups", or what it is.')
    return claim.strip()


def _sub_table(where: str, table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise SettingError(where, f"expected a table as {key}, found {value!r}", "Correct it.")
    return value
