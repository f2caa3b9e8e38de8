"""Writers of tiny KLARF files of both versions, in the format's true layout."""

from collections.abc import Sequence
from string import Template

import numpy as np

DEGREES = {"down": 0, "left": 90, "up": 180, "right": 270}


def _dies(grid: np.ndarray) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """All dies, and the failing ones, as KLARF counts them: x to the right, y up, from the lower left."""
    places = [(x, grid.shape[0] - 1 - row) for row, x in np.argwhere(grid).tolist()]
    return places, [(x, y) for x, y in places if grid[grid.shape[0] - 1 - y, x] > 1]


def _center_mm(grid: np.ndarray, center: tuple[float, float] | None) -> tuple[float, float]:
    """x and y of a (row, column) of the grid, or of its middle, from the corner of the lower left die."""
    row, column = center or ((grid.shape[0] - 1) / 2, (grid.shape[1] - 1) / 2)
    return (column + 0.5) * 7.5, (grid.shape[0] - row - 0.5) * 5.0


def klarf12(grid: np.ndarray, notch: str = "down", center: tuple[float, float] | None = None) -> bytes:
    """An inspection in micrometres with a defect, a class and an image on every failing die."""
    middle = " ".join(f"{mm * 1000:.10e}".replace("e+", "e+0") for mm in _center_mm(grid, center))
    plan, failing = _dies(grid)
    tests = "\n".join(f"  {x} {y}" for x, y in plan)
    defects = "\n".join(
        f" {n} 1000.5 2000.25 {x} {y} 1.5 2.5 {n % 2} 1 0 1 1 1 {n} 0" for n, (x, y) in enumerate(failing, 1)
    )
    found = f"TiffFileName W05.tif;\nDefectList\n{defects};" if failing else "DefectList;"
    return f"""FileVersion 1 2;
FileTimestamp 05-01-2026 14:31:00;
InspectionStationID "MAKER" "MODEL" "TOOL3";
SampleType WAFER;
ResultTimestamp 05-01-2026 14:30:00;
LotID "LOT7";
SampleSize 1 150;
DeviceID "CHIP-A";
SetupID "RECIPE" 01-01-2026 00:00:00;
StepID "M1 CMP";
SampleOrientationMarkType NOTCH;
OrientationMarkLocation {notch.upper()};
DiePitch 7.5000000000e+003 5.0000000000e+003;
DieOrigin 0.0000000000e+000 0.0000000000e+000;
WaferID "W05";
Slot 5;
SampleCenterLocation {middle};
ClassLookup 2
  0 "Unclassified"
  1 "Scratch";
InspectionTest 1;
SampleTestPlan {len(plan)}
{tests};
AreaPerTest 1.0e+009;
DefectRecordSpec 13 DEFECTID XREL YREL XINDEX YINDEX XSIZE YSIZE CLASSNUMBER TEST CLUSTERNUMBER REVIEWSAMPLE
  IMAGECOUNT IMAGELIST ;
{found}
SummarySpec 5 TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE ;
SummaryList
 1 {len(failing)} 0.01 {len(plan)} {len(failing)};
EndOfFile;
""".replace("\n", "\r\n").encode()


KLARF_18 = Template("""Record FileRecord "1.8"
{
  Record LotRecord "LOT7"
  {
    Field DeviceID 1 {"CHIP-A"}
    Field DiePitch 2 {7500000, 5000000}
    Field InspectionStationID 3 {"MAKER", "MODEL", "TOOL3"}
    Field OrientationMarkLocation 1 {$turned}
    Field RecipeID 3 {"RECIPE", "01-01-2026", "00:00:00"}
    Field ResultTimestamp 2 {"05-01-2026", "14:30:00"}
    Field SampleOrientationMarkType 1 {"NOTCH"}
    Field SampleSize 2 {150000000, 0}
    Field SampleType 1 {"WAFER"}
    Field StepID 1 {"M1 CMP"}
    Record WaferRecord "W05"
    {
      Field DieOrigin 2 {0, 0}
      Field SampleCenterLocation 2 {$middle}
      Field SlotNumber 1 {5}
      List DefectList
      {
        Columns 10 { int32 DEFECTID, int32 XREL, int32 YREL, int32 XINDEX, int32 YINDEX, int32 XSIZE, int32 YSIZE,
        int32 CLASSNUMBER, int32 TEST, ImageList IMAGEINFO }
        Data $found
        {
$defects
        }
      }
      Record TestRecord "1"
      {
        Field AreaPerTest 1 {1.0e+015}
        List SampleTestPlanList
        {
          Columns 2 { int32 XINDEX, int32 YINDEX }
          Data $dies
          {
$tests
          }
        }
      }
    }
    List ClassLookupList
    {
      Columns 3 { int32 CLASSNUMBER, string CLASSNAME, string CLASSCODE }
      Data 2
      {
        0 "Unclassified" "";
        1 "Scratch" "";
      }
    }
  }
}
EndOfFile;
""")


def klarf18(grid: np.ndarray, notch: str = "down", center: tuple[float, float] | None = None) -> bytes:
    """The same inspection in nanometres, as nested records."""
    middle = ", ".join(f"{mm * 1e6:.0f}" for mm in _center_mm(grid, center))
    plan, failing = _dies(grid)
    tests = "\n".join(f"            {x} {y};" for x, y in plan)
    defects = "\n".join(
        f'          {n} 1000500 2000250 {x} {y} 1500 2500 {n % 2} 1 Images 1 {{ "w05.jpg" "JPG" 1 "Patch" }};'
        for n, (x, y) in enumerate(failing, 1)
    )
    return KLARF_18.substitute(
        turned=DEGREES[notch],
        found=len(failing),
        defects=defects,
        dies=len(plan),
        tests=tests,
        middle=middle,
    ).encode()


SQUARE = [(x, y) for x in range(-3, 4) for y in range(-3, 4) if x * x + y * y <= 10]
COLUMNS = "DEFECTID XREL YREL XINDEX YINDEX XSIZE YSIZE CLASSNUMBER TEST"


class LotOf12:
    """Writes a KLARF 1.2 file of several wafers of 200 mm with dies of 25 x 25 mm, statement by statement.

    Args:
        plan: dies of the plan before the first wafer; None for no such plan.
        columns: of the defects.
        classes: how many classes the table has.
    """

    def __init__(
        self, plan: Sequence[tuple[int, int]] | None = SQUARE, columns: str = COLUMNS, classes: int = 2
    ) -> None:
        table = "\n".join(f' {number} "Class {number}"' for number in range(classes))
        self._said = [
            "FileVersion 1 2;\nFileTimestamp 05-01-24 14:31:00;\nResultTimestamp 05-01-24 14:30:00;",
            'LotID "L1";\nSampleSize 1 200;\nDeviceID "DEV";\nSetupID "REC" 05-01-24 14:30:00;\nStepID "ST1";',
            "OrientationMarkLocation DOWN;\nDiePitch 2.5e+04 2.5e+04;\nDieOrigin 0.0 0.0;",
            f"SampleCenterLocation 1.25e+04 1.25e+04;\nClassLookup {classes}\n{table};",
        ]
        if plan is not None:
            self._said.append(_plan(plan))
        self._said.append(f"DefectRecordSpec {len(columns.split())} {columns};")

    def say(self, statements: str) -> None:
        self._said.append(statements)

    def wafer(
        self,
        name: str,
        *,
        plan: Sequence[tuple[int, int]] | None = None,
        defects: Sequence[tuple[int, int]] = (),
        rows: Sequence[str] = (),
        slot: int | None = None,
    ) -> None:
        self._said.append(f'WaferID "{name}";' + ("" if slot is None else f"\nSlot {slot};"))
        if plan is not None:
            self._said.append(_plan(plan))
        rows = rows or [f"{n} 100.0 200.0 {x} {y} 1.0 1.0 1 1" for n, (x, y) in enumerate(defects, 1)]
        self._said.append("\n ".join(["DefectList", *rows]) + ";")

    def text(self) -> str:
        return "\n".join([*self._said, "EndOfFile;\n"])


def _plan(dies: Sequence[tuple[int, int]]) -> str:
    return f"InspectionTest 1;\nSampleTestPlan {len(dies)}\n" + "\n".join(f" {x} {y}" for x, y in dies) + ";"
