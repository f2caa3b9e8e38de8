import pytest

from core.lake import Lake
from core.lake.compaction import LOCK
from core.lake.examination import ASIDE, examine, set_aside
from core.lake.part_faults import Damage
from core.lake.parts import Parts
from core.storage.folder import Folder
from data.errors import LakeError
from tests.core.lake_examples import drawn


@pytest.fixture
def parts(tmp_path) -> Parts:
    for number in range(2):
        Lake(tmp_path).append_wafers([drawn(number)])
    return Parts(tmp_path)


def test_every_part_is_looked_at_once(parts):
    steps = list(examine(parts))
    assert [(step.done, step.total) for step in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [step.damage for step in steps] == [None] * 4


def test_only_verifying_finds_a_turned_bit(parts, tmp_path):
    part = min((tmp_path / "wafers").iterdir())
    content = bytearray(part.read_bytes())
    content[10] ^= 4
    part.write_bytes(content)
    assert [step.damage for step in examine(parts) if step.damage] == []
    found = [step.damage for step in examine(parts, verify=True) if step.damage]
    assert found == [Damage("wafers", part.name, "its content is not what was written")]


def test_what_is_set_aside_keeps_its_bytes(parts, tmp_path):
    part = min((tmp_path / "wafers").iterdir())
    content = part.read_bytes()
    damage = [Damage("wafers", part.name, "any"), Damage("wafers", "gone.parquet", "any")]
    assert set_aside(parts, damage) == [str(tmp_path / ASIDE / "wafers" / part.name)]
    assert not part.exists()
    assert (tmp_path / ASIDE / "wafers" / part.name).read_bytes() == content
    assert Lake(tmp_path).count() == 1


def test_nothing_is_set_aside_while_parts_are_merged(parts, tmp_path):
    with Folder(tmp_path).claimed(LOCK), pytest.raises(LakeError, match="a merge of its parts is under way"):
        set_aside(parts, [])
