"""Where tests keep database: an SQLite file, and a PostgreSQL server that tests start where one is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

VARIABLE = "WAFERSCOPE_TEST_POSTGRES"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Return the URL of a server: the one that the environment names, else one of its own, started and stopped."""
    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE]
        return
    programs = _programs()
    if programs is None:
        sentence = f"no PostgreSQL here; set {VARIABLE} to a server's URL or install the postgresql package"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)
    with tempfile.TemporaryDirectory(prefix="waferscope-pg-", ignore_cleanup_errors=True) as folder:
        user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if user:
            shutil.chown(folder, user)
        cluster = Path(folder) / "cluster"
        port = _free_port()
        run = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [programs / "initdb", "-D", cluster, "-U", "wafer", "-A", "trust", "-E", "UTF8"], check=True, **run
        )
        server = subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", folder],
            **run,
        )
        try:
            url = f"postgresql://wafer@127.0.0.1:{port}/postgres"
            _wait_for(url, server)
            yield url
        finally:
            server.terminate()
            server.wait()


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Return the URL of an empty database on a server, dropped at the end."""
    name = f"waferscope_{uuid.uuid4().hex}"
    url = make_url(server).set(drivername="postgresql+pg8000")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+pg8000"))
    while True:
        assert server.poll() is None, "the PostgreSQL server ended while it started"
        try:
            engine.connect().close()
        except Exception:  # the driver has several ways to say that nobody listens yet
            continue
        engine.dispose()
        return
