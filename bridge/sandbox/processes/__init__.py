"""The bridge's real processes, started with the commands of the Procfile, for `serve`, the demo and the tests.

Each process has its own session and log file and is killed when this process ends. The environment is given, never
read. It restarts nothing: the caller asks `pop_exit_codes` and calls `start_process`.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bridge.errors import NeedsOperator
from bridge.sandbox.processes.kill_on_exit import SessionKiller, list_session_pids, signal_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[3]
HEALTHY_TIMEOUT_S = 20.0
GRACE_S = 30.0  # what Heroku gives between SIGTERM and SIGKILL
POLL_S = 0.02
MAX_LOG_LINES = 12

COMMANDS: Mapping[str, Sequence[str]] = {
    "migrate": (sys.executable, "-m", "bridge", "migrate"),
    "web": (sys.executable, "-m", "workers.web"),
    "worker": (sys.executable, "-m", "workers.run"),
    "clock": (sys.executable, "-m", "workers.schedule"),
}


def free_port() -> int:
    """Return a TCP port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class _RunningProcess:
    process: subprocess.Popen[bytes]
    session_killer: SessionKiller


class Bridge:
    """Web, workers and clock of one environment.

    Processes are called `web.1`, `worker.1`, `worker.2`, `clock.1`; a kind (`worker`) means all of them.
    With `echo` they write to this terminal instead of their log files.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
        folder: Path = ROOT,
        logs: Path | None = None,
        port: int | None = None,
        echo: bool = False,
    ) -> None:
        """Choose the port and the folder for logs. Starts nothing."""
        self.port = port or free_port()
        self._environ = {"BRIDGE_ENV_FILE": os.devnull, **environ, "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self._commands = commands
        self._folder = folder
        self._has_own_logs = logs is None
        self._log_folder = logs or Path(tempfile.mkdtemp(prefix="bridge-logs-"))
        self._echo = echo
        self._running: dict[str, _RunningProcess] = {}
        self.logs: dict[str, Path] = {}

    @property
    def url(self) -> str:
        """Return the URL of web."""
        return f"http://127.0.0.1:{self.port}"

    def migrate(self) -> None:
        """Migrate the database to the head, as the release phase does. Raises NeedsOperator."""
        self._spawn("migrate")
        running = self._running.pop("migrate")
        code = running.process.wait()
        running.session_killer.disarm()
        if code != 0:
            raise NeedsOperator(self._describe_exit("migrate", code))

    def start(
        self, *, web: bool = True, workers: int = 1, clock: bool = True, timeout_s: float = HEALTHY_TIMEOUT_S
    ) -> Self:
        """Start the processes and wait until web is healthy. Raises NeedsOperator after stopping all of them."""
        try:
            kinds = ["web"] * web + ["worker"] * workers + ["clock"] * clock
            for kind in kinds:
                self.start_process(kind)
            if web:
                self.wait_healthy(timeout_s)
        except BaseException:
            self.stop(grace_s=0)
            raise
        return self

    def start_process(self, kind: str) -> str:
        """Start one more process of a kind. Returns its name."""
        number = 1
        while f"{kind}.{number}" in self._running:
            number += 1
        name = f"{kind}.{number}"
        self._spawn(name)
        return name

    def pids(self, name: str) -> list[int]:
        """Return every process id of a process or kind, including those of the web server and RQ's work-horses."""
        return [pid for each in self._match_names(name) for pid in list_session_pids(self._running[each].process.pid)]

    def list_running(self) -> list[str]:
        """Return the names of the running processes."""
        return [name for name, each in self._running.items() if each.process.poll() is None]

    def pop_exit_codes(self) -> dict[str, int]:
        """Return the exit codes of processes that ended by themselves; each is reported once."""
        codes = {}
        for name, each in list(self._running.items()):
            code = each.process.poll()
            if code is not None:
                codes[name] = self._discard_process(name, code)
        return codes

    def kill(self, name: str) -> int:
        """Send SIGKILL to a process or kind and its children. Returns how many processes were killed."""
        killed = 0
        for each in self._match_names(name):
            running = self._running[each].process
            killed += signal_session(running.pid, signal.SIGKILL)
            self._discard_process(each, running.wait())
        return killed

    def stop(self, *, grace_s: float = GRACE_S) -> dict[str, int]:
        """Send SIGTERM to every process, as Heroku does, and SIGKILL after the grace period. Returns the exit codes."""
        deadline = time.monotonic() + grace_s
        leaders = {name: each.process for name, each in self._running.items()}
        for process in leaders.values():
            signal_session(process.pid, signal.SIGTERM)
        while any(self._list_alive(leaders.values())) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        codes = {}
        for name, process in leaders.items():
            signal_session(process.pid, signal.SIGKILL)
            codes[name] = self._discard_process(name, process.wait())
        return codes

    def wait_healthy(self, timeout_s: float = HEALTHY_TIMEOUT_S) -> None:
        """Wait until `GET /healthz` answers 200. Raises NeedsOperator."""
        deadline = time.monotonic() + timeout_s
        while not self._is_healthy():
            for name, code in self.pop_exit_codes().items():
                raise NeedsOperator(self._describe_exit(name, code))
            if time.monotonic() > deadline:
                raise NeedsOperator(f"web was not healthy within {timeout_s:g} s{self._read_log_tail('web.1')}")
            time.sleep(POLL_S)

    def __enter__(self) -> Self:
        """Return the bridge; call `migrate` and `start` next."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all processes; delete the logs if no folder was given for them."""
        self.stop()
        if self._has_own_logs:
            shutil.rmtree(self._log_folder, ignore_errors=True)

    def _spawn(self, name: str) -> None:
        path = self._log_folder / f"{name}.log"
        self._log_folder.mkdir(parents=True, exist_ok=True)
        self.logs[name] = path
        with path.open("ab") as log:
            out = None if self._echo else log
            process = subprocess.Popen(
                list(self._commands[name.partition(".")[0]]),
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._running[name] = _RunningProcess(process=process, session_killer=SessionKiller(process.pid))

    def _match_names(self, name: str) -> list[str]:
        return [each for each in self._running if name in (each, each.partition(".")[0])]

    def _discard_process(self, name: str, code: int) -> int:
        self._running.pop(name).session_killer.disarm()
        return code

    @staticmethod
    def _list_alive(leaders: Iterable[subprocess.Popen[bytes]]) -> list[int]:
        return [pid for each in leaders if each.poll() is None or list_session_pids(each.pid) for pid in [each.pid]]

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _describe_exit(self, name: str, code: int) -> str:
        return f"{name} ended with code {code}{self._read_log_tail(name)}"

    def _read_log_tail(self, name: str) -> str:
        if self._echo:
            return ""
        lines = self.logs[name].read_text(errors="replace").splitlines()[-MAX_LOG_LINES:]
        return "".join(f"\n    {line}" for line in (f"see {self.logs[name]}", *lines))
