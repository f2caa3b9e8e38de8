"""What a site says about severity: where each term is full and how many points it is worth, product by product.

The settings WAFERSCOPE_SEVERITY_* hold for every product; the TOML file named by WAFERSCOPE_SEVERITY says what differs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from core.settings import settings
from data.errors import SettingError
from data.site_tables import read_site_table

DENSITY_POINTS, COVERAGE_POINTS, COUNT_POINTS = 40.0, 30.0, 30.0
NORMAL_FAIL_SHARE = 0.1
"""Failing share that is normal where the product's own is not known."""
MOST_NORMAL = 0.5
"""No larger share counts as normal: a product of which half the wafers are dead is not in order."""
POINTS = ("density_points", "coverage_points", "count_points")
EXAMPLE = '[default] or [product."NAME"]'


@dataclass(frozen=True)
class SeverityRules:
    """The measures at which a term of the score is full, and its points.

    Args:
        density_saturation: affected dies per cm2 of wafer.
        coverage_saturation: share of the wafer's area, 0 to 1.
        count_saturation: number of clusters.
        density_points: of a full density term; the three make 100.
        coverage_points: of a full coverage term.
        count_points: of a full count term.
        normal_fail_share: failing share of a wafer that is normal, 0 to 0.5, in place of what the product's wafers say;
            None to go by these.
    """

    density_saturation: float
    coverage_saturation: float
    count_saturation: float
    density_points: float = DENSITY_POINTS
    coverage_points: float = COVERAGE_POINTS
    count_points: float = COUNT_POINTS
    normal_fail_share: float | None = None

    def normal(self, of_product: float | None = None) -> float:
        """Return the failing share that is normal, 0 to 0.5.

        Args:
            of_product: median of the product's wafers, which counts where the rules say nothing; None or NaN where
                too few are known.
        """
        share = of_product if self.normal_fail_share is None else self.normal_fail_share
        return NORMAL_FAIL_SHARE if share is None or math.isnan(share) else min(max(0.0, share), MOST_NORMAL)


_FIELDS = tuple(one.name for one in fields(SeverityRules))


@dataclass(frozen=True)
class ProductRules:
    """The rules of all products.

    Args:
        default: of products that have none of their own.
        products: by name.

    Example:
        >>> rules = ProductRules(SeverityRules(1.0, 0.3, 10.0), {"AX-7": SeverityRules(0.5, 0.3, 10.0)})
        >>> rules.of("AX-7").density_saturation, rules.of("BX-1").density_saturation
        (0.5, 1.0)
    """

    default: SeverityRules
    products: Mapping[str, SeverityRules] = field(default_factory=dict)

    @classmethod
    def configured(cls) -> "ProductRules":
        """Read the settings and the file that they name.

        Raises:
            SettingError: a setting or the file holds nonsense.
        """
        s = settings()
        default = SeverityRules(
            s.severity_density_saturation, s.severity_coverage_saturation, s.severity_count_saturation
        )
        return load_product_rules(s.severity, default) if s.severity else cls(default)

    def of(self, product: str) -> SeverityRules:
        """Return the rules of a product, "" for wafers that name none."""
        return self.products.get(product, self.default)


def load_product_rules(path: str | Path, default: SeverityRules) -> ProductRules:
    """Read a site's table; a product has from the defaults what it leaves out.

    Args:
        path: TOML file with `[default]`, `[product."NAME"]` or both, each with fields of `SeverityRules`.
        default: what `[default]` leaves out.

    Raises:
        SettingError: the file cannot be read, names what does not exist, or holds a value out of range.
    """
    said, where = read_site_table(path, "severity table"), str(path)
    products = said.get("product", {})
    unknown = sorted(set(said) - {"default", "product"})
    if unknown or not isinstance(products, dict):
        raise SettingError(where, f"found {unknown or repr(products)[:40]} at the top", f"Begin tables with {EXAMPLE}.")
    default = _rules(said.get("default", {}), default, f"{where} [default]")
    return ProductRules(
        default, {name: _rules(given, default, f'{where} [product."{name}"]') for name, given in products.items()}
    )


def _rules(given: object, default: SeverityRules, where: str) -> SeverityRules:
    if not isinstance(given, dict) or set(given) - set(_FIELDS):
        found = sorted(set(given) - set(_FIELDS)) if isinstance(given, dict) else repr(given)[:40]
        raise SettingError(where, f"found {found}, expected fields of severity", f"Use {', '.join(_FIELDS)}.")
    rules = replace(default, **{name: _number(name, value, where) for name, value in given.items()})
    points = sum(getattr(rules, name) for name in POINTS)
    if not math.isclose(points, 100, abs_tol=1e-6):
        raise SettingError(where, f"{', '.join(POINTS)} add up to {points:g}", "Let the three add up to 100.")
    return rules


def _number(name: str, value: object, where: str) -> float:
    least, most = (1e-9, 1e9) if name.endswith("_saturation") else (0.0, 100.0 if name in POINTS else MOST_NORMAL)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        expected = "a number above 0" if most == 1e9 else f"a number from 0 to {most:g}"
        raise SettingError(f"{where} {name}", f"expected {expected}, found {value!r:.40}", "Correct it.")
    return float(value)
