"""Readers of KLARF in a few lines, written from the format alone."""

import re

TENTH_OF_A_MICRON_MM = 1e-4


def places_12(text: str) -> list[tuple[float, ...]]:
    """Class number, x and y in mm from the wafer's centre, of every defect: micrometres, one statement a list."""
    statements = [part.split() for part in text.split(";")]
    pitch, center = (
        [float(word) for word in next(s for s in statements if s and s[0] == name)[1:]]
        for name in ("DiePitch", "SampleCenterLocation")
    )
    columns = next(s for s in statements if s and s[0] == "DefectRecordSpec")[2:]
    words = next(s for s in statements if s and s[0] == "DefectList")[1:]
    rows = [dict(zip(columns, words[at : at + len(columns)], strict=True)) for at in range(0, len(words), len(columns))]
    return [
        (
            int(row["CLASSNUMBER"]),
            *(
                (float(row[a + "REL"]) + int(row[a + "INDEX"]) * p - c) / 1e3
                for a, p, c in zip("XY", pitch, center, strict=True)
            ),
        )
        for row in rows
    ]


def places_18(text: str) -> list[tuple[float, ...]]:
    """The same of the newer version: whole nanometres, columns in braces before the rows."""
    pitch, center = (
        [int(word) for word in re.search(rf"Field {name} 2 {{(.*?)}}", text)[1].split(",")]
        for name in ("DiePitch", "SampleCenterLocation")
    )
    found = re.search(r"List DefectList\s*{\s*Columns \d+ {(.*?)}\s*Data \d+\s*{(.*?)}", text, re.DOTALL)
    columns = [word.split()[1] for word in found[1].split(",")]
    rows = [dict(zip(columns, row.split(), strict=True)) for row in found[2].split(";") if row.strip()]
    return [
        (
            int(row["CLASSNUMBER"]),
            *(
                (int(row[a + "REL"]) + int(row[a + "INDEX"]) * p - c) / 1e6
                for a, p, c in zip("XY", pitch, center, strict=True)
            ),
        )
        for row in rows
    ]


INDEPENDENT = {"1.2": places_12, "1.8": places_18}
