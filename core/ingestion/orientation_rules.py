"""How the files of each product lie: rules that people set once and every later import keeps to.

A rule is one small file, named by its product's hash and replaced as a whole: any number of processes may read and
write at once, the last word counts, and nothing is half-written.
"""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

from core.database import AppDatabase, audit
from core.database.schema import NAME_LENGTH
from core.identity import Person
from core.people.roles import Permission, permit
from core.settings import Settings
from core.storage.folder import Folder
from data.errors import SettingError
from data.formats import ReadOptions
from data.orientation import Corner, OrientationRule

FOLDER = "orientation"
_SUFFIX = ".json"


class OrientationRules:
    """The rules of a site.

    Args:
        url: folder or fsspec URL of the workspace.

    Example:
        >>> rules = OrientationRules("memory://rules-doctest")
        >>> rules.keep("CHIP-A", OrientationRule(rotate=90), Person("ann"))
        >>> rules.all()
        (('CHIP-A', OrientationRule(origin=<Corner.UPPER_LEFT: 'upper left'>, mirror=False, rotate=90)),)
    """

    def __init__(self, url: str) -> None:
        self._folder = Folder(url)

    def all(self) -> tuple[tuple[str, OrientationRule], ...]:
        """Return all rules as (product, rule), by product.

        Raises:
            SettingError: a file holds no rule; it is named.
        """
        names = sorted(name for name in self._folder.names(FOLDER) if name.endswith(_SUFFIX))
        return tuple(sorted((self._read(name) for name in names), key=lambda found: found[0]))

    def of(self, product: str) -> OrientationRule:
        """Return the rule of a product, the one that changes nothing where none was set.

        Raises:
            SettingError: its file holds no rule.
        """
        name = _name(product)
        return self._read(name)[1] if self._folder.exists(f"{FOLDER}/{name}") else OrientationRule()

    def keep(self, product: str, rule: OrientationRule, person: Person) -> None:
        """Set the rule of a product; the rule that changes nothing takes it away.

        Args:
            product: "" for wafers whose files name none.
            rule: what holds from now on.
            person: who says so.

        Raises:
            NotAllowedError: the acting person may not.
        """
        permit(person, Permission.WAFER_WRITE)
        path = f"{FOLDER}/{_name(product)}"
        if rule == OrientationRule():
            self._folder.remove(path)
            return
        said = {"product": product, **asdict(rule), "set_by": person.name, "set_at": datetime.now(UTC).isoformat()}
        self._folder.write_text(path, json.dumps(said, indent=2) + "\n")

    def _read(self, name: str) -> tuple[str, OrientationRule]:
        where = self._folder.address(f"{FOLDER}/{name}")
        try:
            said = json.loads(self._folder.read(f"{FOLDER}/{name}"))
            rule = OrientationRule(Corner(said["origin"]), said["mirror"], said["rotate"])
            return str(said["product"]), rule
        except (ValueError, KeyError, TypeError, SettingError) as error:
            raise SettingError(where, f"the file holds no orientation rule ({error})", "Remove it.") from error


def keep_rule(
    database: AppDatabase, rules: OrientationRules, product: str, rule: OrientationRule, person: Person
) -> None:
    """Set the rule of a product, and record it in the audit trail.

    Args:
        database: whose trail.
        rules: of the site.
        product: "" for wafers whose files name none.
        rule: what holds from now on; the one that changes nothing takes it away.
        person: who says so.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.WAFER_WRITE)
    with database.writing() as session:
        audit.record(session, person, "orientation.rule", f"product {product}"[:NAME_LENGTH], asdict(rule))
        session.flush()
        rules.keep(product, rule, person)


def with_rules(options: ReadOptions, at: Settings) -> ReadOptions:
    """Let files be read as the site's rules say.

    Args:
        options: what else holds.
        at: the site's settings.

    Raises:
        SettingError: a rule's file is damaged.
    """
    return replace(options, rules=OrientationRules(str(at.home)).all())


def _name(product: str) -> str:
    return hashlib.sha256(product.encode()).hexdigest()[:32] + _SUFFIX
