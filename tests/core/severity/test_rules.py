import math

import numpy as np
import pytest

from core.severity import ProductRules, SeverityRules, severity
from core.severity.rules import load_product_rules
from data.errors import SettingError
from data.wafer import WaferMap
from tests.core.wafers import disc

DEFAULT = SeverityRules(1.0, 0.3, 10.0)
TABLE = """
[default]
coverage_saturation = 0.2

[product."AX-7"]
density_saturation = 0.4
density_points = 20
coverage_points = 50
count_points = 30
normal_fail_share = 0.25
"""


def written(tmp_path, text):
    path = tmp_path / "severity.toml"
    path.write_text(text)
    return path


def test_a_product_has_what_its_table_says_and_else_the_defaults(tmp_path):
    rules = load_product_rules(written(tmp_path, TABLE), DEFAULT)
    assert rules.of("BX-1") == rules.of("") == SeverityRules(1.0, 0.2, 10.0)
    assert rules.of("AX-7") == SeverityRules(0.4, 0.2, 10.0, 20, 50, 30, 0.25)


def test_the_settings_name_the_file_and_what_it_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_SEVERITY_COUNT_SATURATION", "4")
    assert ProductRules.configured() == ProductRules(SeverityRules(1.0, 0.3, 4.0))
    monkeypatch.setenv("WAFERSCOPE_SEVERITY", str(written(tmp_path, TABLE)))
    assert ProductRules.configured().of("AX-7").count_saturation == 4
    assert ProductRules.configured().of("AX-7").coverage_points == 50


def test_a_wafer_is_scored_by_the_rules_of_its_product(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_SEVERITY", str(written(tmp_path, TABLE)))
    dies = disc(20).astype(np.uint8)
    dies[:, :7] *= 2  # well above a normal of 10 %, little above one of 25 %
    named = {product: severity([], WaferMap(dies, "L", "W", product=product)) for product in ("AX-7", "BX-1")}
    assert named["AX-7"].normal_fail_share == 0.25
    assert named["AX-7"].score < named["BX-1"].score
    assert "normal is 25 %" in named["AX-7"].reason or not named["AX-7"].reason


@pytest.mark.parametrize(
    ("own", "of_product", "normal"),
    [(None, None, 0.1), (None, math.nan, 0.1), (None, 0.06, 0.06), (None, 0.9, 0.5), (0.2, 0.06, 0.2)],
)
def test_the_normal_share_is_the_rules_own_then_the_products_then_a_tenth(own, of_product, normal):
    assert SeverityRules(1.0, 0.3, 10.0, normal_fail_share=own).normal(of_product) == normal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[products.A]\n", r"found \['products'\] at the top"),
        ("product = 3\n", r"found 3 at the top"),
        ("default = 3\n", r"\[default\]: found 3, expected fields"),
        ("[product.A]\ndensity = 3\n", r"\[product\.\"A\"\]: found \['density'\], expected fields"),
        ("[product.A]\ndensity_points = 50\n", "add up to 110"),
        ("[product.A]\ncount_saturation = 0\n", "count_saturation: expected a number above 0, found 0"),
        ("[product.A]\ncount_saturation = nan\n", "expected a number above 0, found nan"),
        ("[product.A]\nnormal_fail_share = 0.7\n", "normal_fail_share: expected a number from 0 to 0.5, found 0.7"),
        ("[product.A]\ncount_points = true\n", "expected a number from 0 to 100, found True"),
        ("[product.A\n", "the severity table cannot be read"),
    ],
)
def test_nonsense_in_the_file_is_refused_by_name(tmp_path, text, said):
    with pytest.raises(SettingError, match=said):
        load_product_rules(written(tmp_path, text), DEFAULT)
