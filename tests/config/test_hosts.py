"""The commands on the pages of hosts, run in their order in a clone: those of the bridge are real, the hosts' are stood in for."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.settings import list_variables
from tests.kit.hosts.clones import ANSWERS, copy_tracked_files
from tests.kit.hosts.commands import LOG, install
from tests.servers import Postgres
from workers import run

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "hosts").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read_blocks(page: Path, kind: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text(encoding="utf-8")) if found == kind]


def run_script(
    script: str, copied: Path, addons: dict[str, str], answers: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run shell commands with the stood-in hosts; $EDITOR fills in the answers."""
    tools = install(copied.parent / "tools")
    (copied / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(tools / "python", copied / ".venv" / "bin" / "python")
    pip = copied / ".venv" / "bin" / "pip"
    pip.write_text("#!/bin/sh\ntest -f requirements.txt\n")
    pip.chmod(0o700)
    filled = copied.parent / "filled.toml"
    filled.write_text("".join(f"{name} = {json.dumps(answer)}\n" for name, answer in answers.items()))
    environ = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "EDITOR": f"cp {shlex.quote(str(filled))}",
        "HOST_SETTINGS": str(copied.parent / "settings.jsonl"),
        "HOST_ADDONS": json.dumps(addons),
        "REDIS_ADDRESS": addons.get("REDIS_URL", ""),
        "AGE_RECIPIENT": "age1invented",
    }
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=copied, env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = copy_tracked_files(tmp_path / "clone")
    (folder / "requirements.txt").write_text("")
    return folder


@pytest.fixture
def database(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    name = "host_" + re.sub(r"\W", "_", request.node.name)[-40:]
    return postgres.create_database(name).replace("postgresql+psycopg://", "postgres://")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_the_page_lead_to_a_bridge_that_answers(page: Path, copied: Path, database: str) -> None:
    script = "\n".join(read_blocks(page, "sh"))
    # `cp filled.toml answers.toml`: what `--questions` printed is replaced by a file with the same names
    assert "$EDITOR answers.toml" in script
    answers = ANSWERS | ({"database_url": database} if page.stem == "server" else {})
    addons = {"DATABASE_URL": database, "REDIS_URL": "redis://127.0.0.1:6379"}
    done = run_script(script, copied, addons, answers)
    assert done.returncode == 0, done.stdout + done.stderr
    if page.stem == "render":  # Render's own blueprint runs the rest
        return
    assert "The database is at head." in done.stdout
    assert "Delhivery Limited" in done.stdout, "`processors` answers from the merchant's file"
    assert ANSWERS["legal_name"] in (copied / "var" / "merchant" / "merchant.toml").read_text()
    typed = (copied.parent / LOG).read_text()
    for process in ("web", "worker", "clock"):
        assert re.search(rf"{process}=1|bridge-{process}", typed), process


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_processes_and_settings_of_the_page_are_the_code_s(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    if blocks := read_blocks(page, "toml"):
        fly = tomllib.loads(blocks[0])
        assert fly["processes"] | {"release": fly["deploy"]["release_command"]} == procfile
    for name, command in procfile.items():
        if page.stem == "render":
            assert command in text, name
    known = {name for name, _, _ in list_variables()}
    stated = set(re.findall(r"\b((?:BRIDGE|SHOPIFY|REDIS|DATABASE|SMTP|MAIL|PUBLIC)_[A-Z_]+)\b", text))
    assert stated - known - {"REDIS_ADDRESS"} == set()


def test_a_server_gives_a_worker_the_time_that_it_needs() -> None:
    (unit,) = read_blocks(ROOT / "docs" / "hosts" / "server.md", "ini")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > run.SHUTDOWN_S


def test_the_copy_of_sqlite_is_complete(tmp_path: Path, copied: Path) -> None:
    (script,) = (body for body in read_blocks(ROOT / "docs" / "backups.md", "sh") if "sqlite3" in body)
    command = copied.parent / "tools" / "sqlite3"
    install(command.parent)
    command.write_text(  # Python's own, for machines without the command
        f"#!{sys.executable}\nimport re, sqlite3, sys\n"
        "name, = re.findall(r\"^\\.backup '(.+)'$\", sys.argv[2])\n"
        "source, target = sqlite3.connect(sys.argv[1]), sqlite3.connect(name)\nsource.backup(target)\n"
    )
    command.chmod(0o700)
    (copied / "var").mkdir(exist_ok=True)
    database = sqlite3.connect(copied / "var" / "bridge.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE a (b)")
    database.execute("INSERT INTO a VALUES ('still in the log')")
    database.commit()
    done = run_script(script, copied, {}, {})
    assert done.returncode == 0, done.stderr
    (copy,) = copied.glob("bridge-*.db.age")
    (tmp_path / "copy.db").write_bytes(copy.read_bytes().removeprefix(b"age:"))
    restored = sqlite3.connect(tmp_path / "copy.db")
    assert restored.execute("SELECT b FROM a").fetchall() == [("still in the log",)]
    assert not (copied / "bridge-backup.db").exists()
    restored.close()
    database.close()
