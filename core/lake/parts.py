"""The lake's files: Parquet parts in one folder a table, that appear whole and are never edited."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core.lake.part_faults import Damage, PartFaults, sealed
from core.lake.schema import TABLES, LakeTable
from core.storage.folder import Folder
from data.errors import LakeError

SUFFIX = ".parquet"
MERGED = "-merged" + SUFFIX
ATTEMPTS, PAUSE_SECONDS = 20, 0.01
ROWS_LOOKED_AT = 3  # attempts after which the rows of parts are looked at, and not their ends alone
QUOTE = "'"
ROW_GROUP = 2048  # rows that a look-up by key reads at least

_INPUTS = b"waferscope.inputs"
_REMEDY = "Correct the query; where it is the app's own, report this."
_WRONG_QUERY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
"""What DuckDB raises about the words of a query, whatever the parts hold."""

Result = TypeVar("Result")
Listing = Mapping[str, frozenset[str]]
"""Names of the parts of each table."""


class Parts:
    """Parts of all tables below one folder or URL; any number of processes write, list and merge at once.

    Args:
        root: path or fsspec URL of the lake.

    Raises:
        LakeError: the place cannot be used.
    """

    def __init__(self, root: str | Path) -> None:
        self.folder = Folder(root)
        self._listed: Listing | None = None
        self._merged_from: dict[tuple[str, str], frozenset[str]] = {}
        self._faults = PartFaults(self.folder)

    @property
    def damaged(self) -> tuple[Damage, ...]:
        """The parts that turned out not to be readable, and are left out."""
        return self._faults.known

    def write(self, table: LakeTable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows as one part; when this returns they survive a crash of the machine.

        Raises:
            OSError: the storage refuses, and nothing of the rows is there.
        """
        content = pa.Table.from_pylist(list(rows), schema=table.schema)
        with self.new_part(table) as path, parquet_writer(path, table.schema) as writer:
            writer.write_table(content, ROW_GROUP)

    @contextmanager
    def new_part(self, table: LakeTable, suffix: str = SUFFIX) -> Iterator[Path]:
        """Yield a local path to write a part to, which is there when the block ends well; its name holds its checksum.

        Args:
            table: that it belongs to.
            suffix: of its name: SUFFIX, or MERGED where it stands for others.
        """
        name = new_name(suffix)
        with self.folder.new_file(f"{table.name}/{name}", seal=lambda path: sealed(name, suffix, path)) as path:
            yield path

    def database(self) -> duckdb.DuckDBPyConnection:
        """Open a DuckDB in memory that can read these parts; it has an empty table `no_NAME` of each of the lake's."""
        connection = duckdb.connect(config={"preserve_insertion_order": False})
        # Parts never change, so their footers are parsed once: for a part of 100,000 wafers that takes 10 ms.
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        if self.folder.local is None:
            connection.register_filesystem(self.folder.filesystem)
        for table in TABLES.values():
            connection.register("empty", table.schema.empty_table())
            connection.execute(f"CREATE TABLE no_{table.name} AS FROM empty")
            connection.unregister("empty")
        return connection

    def source(self, table: str, names: Iterable[str]) -> str:
        """SQL that gives the rows of parts, for a `database`; columns that older parts lack are NULL."""
        files = self._files(table, names)
        empty = f"FROM no_{table}"
        return f"{empty} UNION ALL BY NAME FROM read_parquet([{files}], union_by_name = true)" if files else empty

    def count(self, table: str, names: Iterable[str]) -> str:
        """SQL that gives how many rows parts have, by what stands at their ends."""
        files = self._files(table, names)
        return f"SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata([{files}])" if files else "SELECT 0"

    def read(self, work: Callable[[bool], Result], *, pause_s: float = PAUSE_SECONDS) -> Result:
        """Do work that reads parts, again where a merge took one of them between listing and reading.

        Parts are looked at only where reading fails: those that are damaged are left out from then on, and the work is
        done again with the rest.

        Args:
            work: is told whether it has to look at the storage anew.
            pause_s: seconds before the second try; it grows by as much from try to try.

        Raises:
            LakeError: what DuckDB says is wrong, or parts cannot be read again and again.
        """
        for attempt in range(ATTEMPTS):
            try:
                return work(attempt > 0)
            except (duckdb.IOException, FileNotFoundError) as error:
                problem: Exception = error
                if attempt in (0, ROWS_LOOKED_AT) and self.find_damage(rows=attempt > 0):
                    continue
                time.sleep(pause_s * attempt)
            except duckdb.Error as error:
                if not isinstance(error, _WRONG_QUERY) and (self.find_damage() or self.find_damage(rows=True)):
                    continue
                raise LakeError(self.folder.address(""), f"the query failed ({error})", _REMEDY) from error
        raise LakeError(self.folder.address(""), f"it cannot be read ({problem})", "Check the storage.") from problem

    def find_damage(self, *, rows: bool = False) -> tuple[Damage, ...]:
        """Look for parts that cannot be read, and leave them out from now on.

        Args:
            rows: read every row; False for what stands at the end of each file alone, which is quick.

        Returns:
            Those that were not known yet.

        Raises:
            LakeError: the storage cannot be reached.
        """
        found = {name: self._scan()[name] - self._faults.of(name) for name in TABLES}
        return self._faults.look(found, rows=rows)

    def addresses(self, table: str, names: Iterable[str]) -> list[str]:
        """Full paths or URLs of parts, oldest first."""
        return [self.folder.address(f"{table}/{name}") for name in sorted(names)]

    def listing(self) -> Listing:
        """List the parts that count, so that no row is overlooked or met twice, whoever writes or merges meanwhile.

        A merge puts the merged part in place before it removes its inputs. So a listing under way could miss both; it
        is trusted only when nothing vanished since the one before. And it may hold both, until the inputs are removed
        or for longer where the merge died; the merged part says what it was made of, and that is left out. Parents are
        listed before their children, which are written first: the children of a listed row are listed.
        """
        self._faults.forget_gone()
        before = self._listed or self._scan()
        while True:
            now = self._scan()
            if all(before[name] <= now[name] for name in TABLES):
                self._listed = now
                return {name: self._counting(name, found) for name, found in now.items()}
            before = now

    def _counting(self, table: str, found: frozenset[str]) -> frozenset[str]:
        """The parts that count: neither damaged nor replaced by one that is not."""
        replaced = self._replaced(table, found)  # which may find damage
        return found - replaced - self._faults.of(table)

    def everything(self) -> Listing:
        """List all finished parts, those that are damaged or replaced included."""
        return self._scan()

    def remove_replaced(self, table: str) -> None:
        """Remove the parts of a table that a merged part stands for."""
        for name in self._replaced(table, self._scan()[table]):
            self.folder.remove(f"{table}/{name}")

    def _files(self, table: str, names: Iterable[str]) -> str:
        return ", ".join(f"'{address.replace(QUOTE, QUOTE * 2)}'" for address in self.addresses(table, names))

    def _scan(self) -> Listing:
        return {name: frozenset(part for part in self.folder.names(name) if part.endswith(SUFFIX)) for name in TABLES}

    def _replaced(self, table: str, found: frozenset[str]) -> frozenset[str]:
        whole = found - self._faults.of(table)
        inputs = (self._inputs_of(table, name) for name in whole if name.endswith(MERGED))
        return found & frozenset[str]().union(*inputs)

    def _inputs_of(self, table: str, name: str) -> frozenset[str]:
        """What a merged part was made of, read once."""
        known = self._merged_from.get((table, name))
        if known is None:
            try:
                with self.folder.filesystem.open(self.folder.address(f"{table}/{name}"), "rb") as file:
                    known = frozenset(json.loads(pq.read_metadata(file).metadata[_INPUTS]))
            except (pa.ArrowException, OSError, KeyError, TypeError):
                if self._faults.look({table: frozenset({name})}):
                    return frozenset()  # so its inputs count again, as far as they are there
                raise
            self._merged_from[table, name] = known
        return known


def new_name(suffix: str = SUFFIX) -> str:
    """Name of a new part: by time, and unique whoever writes in the same instant."""
    return f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{suffix}"


def parquet_writer(path: Path, schema: pa.Schema, inputs: Sequence[str] = ()) -> pq.ParquetWriter:
    """Open a file to write as every part is: compressed, with a dictionary of each text column's values.

    Args:
        path: where to write.
        schema: its columns.
        inputs: names of the parts it stands for.
    """
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    writer = pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=texts)
    writer.add_key_value_metadata({_INPUTS: json.dumps(list(inputs))})
    return writer
