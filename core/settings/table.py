"""The one table of settings: what can be set, what it is without setting, what it does. Read from WAFERSCOPE_*."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.settings.setting import Setting, row

FORMER_NAMES = {"WAFERSCOPE_DECISIONS": "WAFERSCOPE_DATABASE"}
"""Variables that earlier versions read, and the ones that say the same now."""


@dataclass(frozen=True)
class Settings:
    """All settings, typed. Each field is a row of the table; `settings()` reads them.

    Example:
        >>> Settings(home=Path("/data/ws")).lake_url
        '/data/ws/lake'
    """

    home: Path = field(
        default=Path("workspace"), metadata=row("Folder below which everything is kept that has no place of its own.")
    )
    lake: str = field(
        default="", metadata=row("Folder or URL (s3://...) of the lake; empty: `lake` in the home folder.")
    )
    blobs: str = field(
        default="", metadata=row("Folder or URL of the original files; empty: `blobs` in the home folder.")
    )
    database: str = field(
        default="",
        metadata=row(
            "App database, of what people decide: an SQLite file's path, or postgresql://USER:PASSWORD@HOST/DATABASE; "
            "empty: `decisions.db` in the home folder."
        ),
    )
    model: str = field(
        default="", metadata=row("Path of the ONNX model that segments; empty: the champion, else the shipped one.")
    )
    mlflow: str = field(
        default="",
        metadata=row(
            "MLflow server or database of runs and models (https://...); empty: `mlflow.db` in the home folder."
        ),
    )
    gate_margin: float = field(
        default=0.02, metadata=row("Mean IoU by which a model must beat the champion to take its place.", 0)
    )
    gate_class_loss: float = field(
        default=0.02, metadata=row("Score that a model may lose against the champion in any class.", 0)
    )
    gate_iou_lost: float = field(
        default=0.005, metadata=row("Mean IoU that a model may lose to INT8 and still be promoted.", 0)
    )
    gate_flips: float = field(
        default=0.01,
        metadata=row("Share of wafers whose classes INT8 may change in a promoted model; the goal is 0.005.", 0),
    )
    gate_latency_ratio: float = field(
        default=1.25,
        metadata=row("Times the champion's milliseconds that a wafer may take with a model that is promoted.", 0),
    )
    gate_latency_ms: float = field(
        default=0.0,
        metadata=row(
            "p95 of the milliseconds a wafer may take with a model that is promoted, busy machine or not; 0: any.",
            0,
        ),
    )
    hosts: str = field(
        default="",
        metadata=row(
            "Names, beside localhost and this machine's addresses, under which browsers may reach the app, with commas "
            "between, such as fab.example or *.fab.example; `*`: any, so that a website can reach it by its own name."
        ),
    )
    url: str = field(
        default="http://localhost:8501",
        metadata=row(
            "Address by which people reach the app, such as https://fab.example; links that it sends begin with it."
        ),
    )
    accounts: bool = field(
        default=False,
        metadata=row("Whether people sign in; without, whoever reaches the app may do everything in it."),
    )
    open_without_accounts: bool = field(
        default=False,
        metadata=row("Let other machines reach the app although nobody signs in; each of them may do everything."),
    )
    tls: bool = field(
        default=False,
        metadata=row(
            "Browsers reach the app by https alone, through a proxy: cookies and headers are made for that; where the "
            "app itself speaks https, or the proxy says so, it is known without."
        ),
    )
    session_idle_hours: float = field(
        default=12.0, metadata=row("Hours without a request after which a person has to sign in again.", 0.01)
    )
    session_days: float = field(
        default=7.0, metadata=row("Days after which a person has to sign in again in any case.", 0.01)
    )
    erasure_days: float = field(
        default=30.0, metadata=row("Days between asking that a person is erased and doing so.", 0)
    )
    secret_key: str = field(
        default="",
        metadata=row(
            "File of the key that secrets in the app database are encrypted by, the same for all replicas; empty: "
            "`secret.key` in the home folder, made when missing."
        ),
    )
    trail_authorization: str = field(
        default="",
        metadata=row(
            "What stands in the Authorization header when the audit trail is streamed to a collector; empty: none."
        ),
    )
    trail_views: bool = field(
        default=False, metadata=row("Whether the audit trail tells who looked at which wafer; it grows by that.")
    )
    oidc: str = field(
        default="",
        metadata=row("TOML file of the identity providers (OpenID Connect) by which people may sign in; empty: none."),
    )
    proxy_header: str = field(
        default="",
        metadata=row(
            "Header in which a proxy that signs people in says their e-mail, such as X-Remote-Email; empty: none is "
            "believed."
        ),
    )
    proxy_secret_file: str = field(
        default="",
        metadata=row("File of the secret by which that proxy is known; it sends it as X-Waferscope-Proxy."),
    )
    proxy_sign_up: bool = field(
        default=False,
        metadata=row("Let people for whom the proxy vouches, and who have no account, in as viewers of no products."),
    )
    threads: int = field(
        default=0, metadata=row("Processor threads the model may use; 0: as many as there are cores.", 0)
    )
    ray_address: str = field(
        default="",
        metadata=row(
            "Address of a Ray cluster that runs the jobs which the app starts, and over which batches are spread, such "
            "as HOST:6379; its machines see the same home folder and code; empty: this machine."
        ),
    )
    classes: str = field(
        default="", metadata=row("TOML file with a site's names and colours of the classes; empty: the built-in ones.")
    )
    review: str = field(
        default="",
        metadata=row("TOML file with class numbers and sampling plan of files for review; empty: the built-in table."),
    )
    severity: str = field(
        default="",
        metadata=row(
            "TOML file with the saturations, points and normal failing share of single products in severity; empty: "
            "the following three for all."
        ),
    )
    severity_density_saturation: float = field(
        default=1.0, metadata=row("Affected dies per cm2 of wafer at which severity's density term is full.", 1e-9)
    )
    severity_coverage_saturation: float = field(
        default=0.3,
        metadata=row("Share of the wafer that defects cover at which severity's coverage term is full.", 1e-9),
    )
    severity_count_saturation: float = field(
        default=10.0, metadata=row("Number of clusters at which severity's count term is full.", 1e-9)
    )
    demo_wafers: int = field(default=2000, metadata=row("Number of wafers in the demo lake.", 1))
    label_idle_minutes: int = field(
        default=30, metadata=row("Minutes without a change after which a wafer that is begun goes to others.", 1)
    )
    blind_share: float = field(
        default=0.2, metadata=row("Share of the queue labelled without proposals; at 0 hidden gold stands out.", 0, 1)
    )
    hide_annotators: bool = field(default=False, metadata=row("Hide in reviews who labelled, until it is decided."))
    keep_results_days: int = field(
        default=730,
        metadata=row(
            "Days for which an answer of another model is kept after a newer one took its place; 0: for ever.", 0
        ),
    )
    unfinished_minutes: float = field(
        default=30.0,
        metadata=row(
            "Minutes for which a watched folder leaves an STDF file without its last record (MRR) where it is after it "
            "last grew; then it is read as it is.",
            0,
        ),
    )
    upload_mb: int = field(default=1000, metadata=row("Most MB of a file that is handed in on a page.", 1))
    uploads_mb: int = field(
        default=4000, metadata=row("Most MB of all files that open pages hold; they are held in memory.", 1)
    )
    pages_open: int = field(
        default=200, metadata=row("Most pages, tabs of browsers, that are open at once; each takes some MB.", 1)
    )
    read_processes: int = field(default=2, metadata=row("Most processes in which files are read at once.", 1))
    read_wait_seconds: float = field(
        default=60.0, metadata=row("Seconds that a file waits for a reading process while all are busy.", 0)
    )
    read_cpu_seconds: int = field(
        default=120,
        metadata=row(
            "Processor seconds that reading a file may take, beside one for each MiB of it and for every 1,000 wafers.",
            1,
        ),
    )
    read_seconds: float = field(
        default=300.0,
        metadata=row(
            "Seconds for which reading a file is waited for, beside one for each MiB of it and for every 1,000 wafers.",
            1,
        ),
    )
    read_memory_mb: int = field(default=4096, metadata=row("MiB of memory that reading a file may take.", 64))
    read_wafers: int = field(default=1_000_000, metadata=row("Most wafers that are read of a file.", 1))
    read_failures: int = field(
        default=10_000, metadata=row("Most sentences about what could not be read of a file.", 1)
    )
    read_output_mb: int = field(
        default=16_384, metadata=row("Most MiB that the wafers of a file may take, unpacked.", 1)
    )
    color_safe: bool = field(default=False, metadata=row("Start with the palette for colour-blind people."))
    csv_bom: bool = field(
        default=False, metadata=row("Begin CSV files with a byte order mark, by which Excel knows that it is UTF-8.")
    )

    def at(self, home: Path | None) -> "Settings":
        """The same settings with another home folder, None to leave it."""
        return self if home is None else replace(self, home=home)

    @property
    def lake_url(self) -> str:
        """Where the lake is."""
        return self.lake or str(self.home / "lake")

    @property
    def blobs_url(self) -> str:
        """Where the original files are."""
        return self.blobs or str(self.home / "blobs")

    @property
    def mlflow_url(self) -> str:
        """Where MLflow keeps runs and models."""
        return self.mlflow or f"sqlite:///{self.home.absolute() / 'mlflow.db'}"

    @property
    def database_place(self) -> str:
        """Path or URL of the app database."""
        return self.database or str(self.home / "decisions.db")


_UNSET = Settings()
SETTINGS = tuple(
    Setting(f.name, getattr(_UNSET, f.name), f.metadata["help"], f.metadata["least"], f.metadata["most"])
    for f in fields(Settings)
)


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; an empty variable counts as not set.

    Args:
        environment: variables to read instead of the process's own.

    Raises:
        SettingError: a variable holds nonsense; it names the variable and what was expected.

    Example:
        >>> settings({"WAFERSCOPE_THREADS": "2"}).threads
        2
    """
    variables = os.environ if environment is None else environment
    old = {new: variables[name] for name, new in FORMER_NAMES.items() if variables.get(name)}
    variables = {**old, **{name: text for name, text in variables.items() if text}}
    given: dict[str, Any] = {s.name: s.read(variables[s.variable]) for s in SETTINGS if s.variable in variables}
    return Settings(**given)


def table() -> str:
    """Write the table of settings in markdown.

    Example:
        >>> print(table().splitlines()[0])
        | variable | default | what it does |
    """
    rows = [f"| `{s.variable}` | {f'`{s.default}`' if s.default != '' else 'empty'} | {s.help} |" for s in SETTINGS]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])
