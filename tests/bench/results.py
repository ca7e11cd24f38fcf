"""The bench's result as one JSON file: for each part when and where it was measured, and its figures.

A run of some parts replaces those parts and leaves the others, with their own dates and machines.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.processes import ROOT
from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.figures import Figure

DOCUMENT = ROOT / "docs" / "bench.json"
RUNS = ROOT / "var" / "bench"
LIBRARIES = ("granian", "flask", "sqlalchemy", "psycopg", "rq")
FORMAT = 1
IDLE_LOAD = 0.5  # of a core


def describe_machine() -> dict[str, Any]:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": cores,
        "memory_gb": round(memory),
        "system": f"{platform.system()} {platform.release()}",
    }


def list_versions() -> dict[str, str]:
    """Versions of what was measured, and of what it was measured with where that is installed."""
    import sqlite3  # noqa: PLC0415 - for its number only

    found = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    found["sqlite"] = sqlite3.sqlite_version
    found["postgres"] = _read_postgres_version()
    for program, options in {"node": ["--version"], "wrk": ["-v"]}.items():
        if path := shutil.which(program):
            done = subprocess.run([path, *options], capture_output=True, text=True, check=False, timeout=10)
            words = [word for word in (done.stdout + done.stderr).split() if word.strip("v")[:1].isdigit()]
            found[program] = words[0].lstrip("v") if words else "?"
    return found


def _read_postgres_version() -> str:
    import psycopg  # noqa: PLC0415

    with Postgres() as server:
        database = server.create_database("version").replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(database) as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]


def is_busy() -> bool:
    """Whether others use the machine: ask before measuring."""
    return os.getloadavg()[0] > IDLE_LOAD * (os.cpu_count() or 1)


def build_parts(parts: Mapping[str, Sequence[Figure]], *, beside_others: bool) -> dict[str, Any]:
    """The parts as they are written. `beside_others` says that the machine was busy before the first of them."""
    about = {"date": datetime.now(UTC).date().isoformat(), "machine": describe_machine(), "versions": list_versions()}
    about["beside_others"] = beside_others
    return {name: {**about, "figures": [figure.as_json() for figure in figures]} for name, figures in parts.items()}


def write_result(parts: Mapping[str, Any], *, for_docs: bool) -> Path:
    """Write a run to a file of its own below `var/bench`, or its parts into the file of the docs. Returns the path."""
    path = DOCUMENT if for_docs else RUNS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.json"
    kept = read_document(path)["parts"] if for_docs and path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"format": FORMAT, "parts": {**kept, **parts}}
    written = path.with_suffix(".new")
    written.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    written.replace(path)  # whoever reads it meanwhile reads a whole one
    return path


def read_document(path: Path = DOCUMENT) -> dict[str, Any]:
    """The file of the docs."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert document["format"] == FORMAT, f"{path.name} is of another format"
    return document
