import os
import re
import subprocess
import sys

import pytest

from data.classes import BUILT_IN, CLASS_COUNT, CLASS_INDEX, CLASS_KEYS, CLASSES, load_classes
from data.errors import SettingError


def test_the_eight_classes_stand_in_the_order_of_the_network_s_outputs():
    assert CLASS_KEYS == ("edge", "center", "ring", "scratch", "particle", "lithography", "etching", "random")
    assert CLASS_COUNT == 8
    assert [CLASS_INDEX[key] for key in CLASS_KEYS] == list(range(8))
    assert load_classes() == CLASSES


@pytest.mark.parametrize("palette", ["color", "color_safe"])
def test_colours_are_hexadecimal_and_differ(palette):
    colours = [getattr(c, palette) for c in BUILT_IN]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(colours)) == CLASS_COUNT


def test_every_class_says_what_it_looks_like_and_where_it_comes_from():
    assert all(c.name and c.definition.endswith(".") and c.cause.endswith(".") for c in BUILT_IN)


def test_a_site_renames_and_recolours_and_the_rest_stays(tmp_path):
    table = tmp_path / "classes.toml"
    table.write_text('[ring]\nname = "Donut"\ncolor = "#00ff00"\n', encoding="utf-8")
    site = load_classes(table)
    ring = CLASS_INDEX["ring"]
    assert (site[ring].name, site[ring].color, site[ring].key) == ("Donut", "#00ff00", "ring")
    assert site[ring].definition == BUILT_IN[ring].definition
    assert site[:ring] + site[ring + 1 :] == BUILT_IN[:ring] + BUILT_IN[ring + 1 :]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[donut]\nname = "x"\n', r"classes.toml: the classes \['donut'\] do not exist\. Use edge, center, ring"),
        (
            '[ring]\ncolour = "#00ff00"\n',
            r"class ring has the unknown fields \['colour'\]\. Use name, color, color_safe, definition, cause",
        ),
        ('[ring]\nkey = "donut"\n', r"class ring has the unknown fields \['key'\]"),
        ("[ring]\nname = 3\n", "ring.name holds 3, expected text"),
        ('[ring]\ncolor = "green"\n', "ring.color holds 'green', expected a colour like #2aa65c"),
        ('ring = "Donut"\n', "ring holds 'Donut', expected a table"),
        ("[ring\n", "the class table cannot be read"),
    ],
)
def test_a_class_table_that_cannot_be_used_is_refused_with_a_sentence(tmp_path, text, match):
    table = tmp_path / "classes.toml"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=match):
        load_classes(table)


def test_a_missing_class_table_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(SettingError, match=r"nowhere.toml: the class table cannot be read"):
        load_classes(tmp_path / "nowhere.toml")


def test_the_environment_names_the_site_s_table(tmp_path):
    table = tmp_path / "classes.toml"
    table.write_text('[edge]\nname = "Rim"\n', encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-c", "from data.classes import CLASSES; print(CLASSES[0].name)"],
        env={**os.environ, "WAFERSCOPE_CLASSES": str(table)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "Rim\n"
