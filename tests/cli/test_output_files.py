"""What a command writes is private, and replaces nothing by accident."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import click
import pytest

from bridge.cli.output_files import open_private_file, write_private_file
from bridge.store.engine import lock_sqlite_writers, open_engine
from tests.e2e import processes

ROOT = Path(__file__).parents[2]


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def installation(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/new/data/bridge.db", "")
    processes.migrate(environ)
    return environ


def test_an_export_is_private_and_overwrites_only_when_told(installation, tmp_path):
    target, heads = tmp_path / "chain.jsonl", tmp_path / "chain.jsonl.heads.json"
    words = ("evidence", "export", "--out", str(target))
    assert processes.say(installation, *words).code == 0
    assert (mode(target), mode(heads)) == (0o600, 0o600)
    target.write_text("mine")
    assert processes.say(installation, *words).code == 2
    assert target.read_text() == "mine"
    target.unlink()
    refused = processes.say(installation, *words)
    assert (refused.code, target.exists()) == (2, False), "both files or none"
    target.symlink_to(tmp_path / "elsewhere")
    heads.unlink()
    assert processes.say(installation, *words).code == 2
    assert not (tmp_path / "elsewhere").exists()
    assert processes.say(installation, *words, "--force").code == 0
    assert not target.is_symlink()
    assert not (tmp_path / "elsewhere").exists()
    assert [mode(target), mode(heads)] == [0o600, 0o600]


@pytest.mark.parametrize("force", [True, False])
def test_no_device_pipe_or_folder_is_written_or_replaced(tmp_path, force):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for target in (Path(os.devnull), tmp_path / "pipe", tmp_path / "folder"):
        before = target.lstat().st_ino
        with pytest.raises(click.UsageError):
            write_private_file(target, b"x", force=force)
        assert target.lstat().st_ino == before


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(TypeError), open_private_file(target, force=True) as out:
        out.writelines([b"half", None])
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_the_files_of_a_database_are_private(installation, tmp_path):
    folder = tmp_path / "new" / "data"
    engine = open_engine(f"sqlite:///{folder}/bridge.db")
    with lock_sqlite_writers(engine), engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE more (x)")
        names = {each.name: mode(each) for each in folder.iterdir()}
    engine.dispose()
    assert {"bridge.db", "bridge.db-wal", "bridge.db-shm", "bridge.db.turn"} <= set(names)
    assert set(names.values()) == {0o600}
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)


def test_git_ignores_secrets_and_data():
    names = [".env", "config/.env", ".env.production", "key.pem", "var/bridge.db", "bridge.db", "bridge.db-wal"]
    ignored = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout.split() == names
    kept = subprocess.run(["git", "check-ignore", "config/env.example"], cwd=ROOT, capture_output=True, check=False)
    assert kept.stdout == b""
