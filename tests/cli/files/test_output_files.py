"""What a command writes is private, and replaces nothing by accident."""

from __future__ import annotations

import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bridge.cli.files.output_files import open_output, save_output
from bridge.store.engine import lock_sqlite_writers, open_engine
from tests.e2e import processes

ROOT = Path(__file__).parents[3]


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
    for more in ((), ("--force",)):
        assert processes.say(installation, *words, *more).code == 2
        assert (target.is_symlink(), (tmp_path / "elsewhere").exists()) == (True, False)
    target.unlink()
    target.write_text("mine")
    assert processes.say(installation, *words, "--force").code == 0
    assert [mode(target), mode(heads)] == [0o600, 0o600]


def make_targets(folder):
    """Return what a file must neither be written through nor take the place of, by name."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "kept").write_bytes(b"kept")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    for name, to in {"file": folder / "kept", "stdout": "/proc/self/fd/1", "nothing": folder / "none"}.items():
        (folder / f"link to {name}").symlink_to(to)
    found = {path.name: path for path in folder.iterdir() if path.name != "kept"}
    return found | {name: Path(name) for name in ("/dev/null", "/dev/full", "/dev/stdout", "/proc/self/fd/1")}


@pytest.mark.parametrize("force", [True, False])
def test_nothing_but_a_file_is_written_or_replaced(tmp_path, force):
    targets = make_targets(tmp_path)
    assert len(targets) == 10
    before = sorted(tmp_path.iterdir())
    for name, target in targets.items():
        known = target.lstat()
        with pytest.raises(click.UsageError, match=r"is a (link|folder|pipe|socket|device), not a file"):
            save_output(target, b"x", force=force)
        assert (target.lstat().st_ino, target.lstat().st_mode) == (known.st_ino, known.st_mode), name
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("force", [True, False])
def test_a_missing_or_a_closed_folder_is_said_in_words(tmp_path, force):
    with pytest.raises(click.UsageError, match="cannot be written: No such file or directory"):
        save_output(tmp_path / "none" / "x", b"x", force=force)
    tmp_path.chmod(0o555)
    if (account := os.geteuid()) == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(click.UsageError, match="cannot be written: Permission denied"):
            save_output(tmp_path / "x", b"x", force=force)
    finally:
        os.seteuid(account)


@pytest.mark.parametrize("force", [True, False])
def test_a_full_disk_leaves_no_half_of_a_file(tmp_path, force):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(click.ClickException, match="cannot be written: File too large") as refused:
            save_output(tmp_path / "x", bytes(5000), force=force)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert refused.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_that_is_stopped_leaves_no_half_of_a_file(tmp_path, force, number):
    script = (
        "import pathlib, sys, time; from bridge.cli.files.output_files import open_output\n"
        f"with open_output(pathlib.Path(sys.argv[1]) / 'x', force={force}) as out:\n"
        "    out.write(bytes(100_000)); print('writing', flush=True); time.sleep(30)\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        assert writer.stdout.readline() == b"writing\n"
        assert len(list(tmp_path.iterdir())) == 1
        writer.send_signal(number)
        assert writer.wait(10) != 0
    assert list(tmp_path.iterdir()) == []


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(TypeError), open_output(target, force=True) as out:
        list(map(out.write, [b"half", None]))
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
