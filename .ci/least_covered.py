"""Print how much of the code the tests reach, and the files they reach least, from coverage's JSON report."""

import json
import sys
from pathlib import Path

SHOWN = 15


def main(report: Path) -> None:
    """Print the total and the least covered files, in per cent of lines and branches."""
    if not report.exists():
        sys.exit(f"{report}: there is no coverage report, so the tests did not end. Read above why.")
    found = json.loads(report.read_text(encoding="utf-8"))
    files = {name: file["summary"]["percent_covered"] for name, file in found["files"].items()}
    print(f"\nCoverage of lines and branches: {found['totals']['percent_covered']:.1f} %. Least covered:")
    for name in sorted(files, key=lambda name: files[name])[:SHOWN]:
        print(f"{files[name]:6.1f} %  {name}")
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
