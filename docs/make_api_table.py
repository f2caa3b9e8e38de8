"""Write the table of endpoints into docs/api.md: `python -m docs.make_api_table`."""

import sys
from pathlib import Path

from web.api import make_api

PAGE = Path(__file__).parent / "api.md"
BEGIN, END = "<!-- endpoints -->", "<!-- end of endpoints -->"


def table() -> str:
    """Return a row for each operation of the API."""
    rows = ["| method | address | what |", "| --- | --- | --- |"]
    for path, methods in make_api().openapi()["paths"].items():
        rows += [f"| {method.upper()} | `/api{path}` | {said['summary']} |" for method, said in methods.items()]
    return "\n".join(rows)


def written(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
