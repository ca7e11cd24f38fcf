"""Processes start as the Procfile says, are killed with their children, and stop in an orderly way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from bridge.errors import NeedsOperator
from bridge.sandbox.processes import COMMANDS, Bridge, free_port, kill_on_exit

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass
print("web of", os.environ["NAME"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

# Like RQ: a child that leaves the process group; both print a line on SIGTERM.
WORKER = """
import os, signal, sys, time
def bye(number, frame):
    os.write(1, b"bye\\n"); os._exit(0)
signal.signal(signal.SIGTERM, bye)
if os.fork() == 0:
    os.setpgrp()
os.write(1, b"ready\\n")
time.sleep(60)
"""

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"

ENVIRONMENT = {"NAME": "the test", "PATH": os.defpath}


def commands(**others: str) -> dict[str, list[str]]:
    code = {"web": WEB, "worker": WORKER, "clock": "import time; time.sleep(60)", "migrate": "print('head')"}
    return {kind: [sys.executable, "-c", text] for kind, text in (code | others).items()}


def wait_for(condition, within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_migrates_starts_answers_and_stops_everything():
    with Bridge(ENVIRONMENT, commands=commands()) as bridge:
        bridge.migrate()
        assert bridge.logs["migrate"].read_text() == "head\n"
        bridge.start(workers=2)
        assert bridge.list_running() == ["web.1", "worker.1", "worker.2", "clock.1"]
        assert requests.get(f"{bridge.url}/healthz", timeout=2).status_code == 200
        assert bridge.logs["web.1"].read_text() == "web of the test\n"
        wait_for(lambda: len(bridge.pids("worker")) == 4)
        everyone = [pid for kind in ("web", "worker", "clock") for pid in bridge.pids(kind)]
        wait_for(lambda: bridge.logs["worker.1"].read_text().count("ready") == 2)
        wait_for(lambda: bridge.logs["worker.2"].read_text().count("ready") == 2)
        codes = bridge.stop(grace_s=5)
        assert codes == {"web.1": -signal.SIGTERM, "worker.1": 0, "worker.2": 0, "clock.1": -signal.SIGTERM}
        assert bridge.logs["worker.1"].read_text().count("bye") == 2, "SIGTERM reaches the children too"
        assert bridge.list_running() == []
        assert not [pid for pid in everyone if kill_on_exit.list_session_pids(pid)]
        folder = bridge.logs["web.1"].parent
    assert not folder.exists()


def test_kill_reaches_children_outside_the_group_and_another_process_can_start():
    with Bridge(ENVIRONMENT, commands=commands()) as bridge:
        bridge.start(web=False, clock=False, workers=2)
        wait_for(lambda: len(bridge.pids("worker.1")) == 2)
        session = bridge.pids("worker.1")[0]
        assert bridge.kill("worker.1") == 2
        wait_for(lambda: not kill_on_exit.list_session_pids(session))
        assert bridge.list_running() == ["worker.2"]
        assert bridge.start_process("worker") == "worker.1"
        assert sorted(bridge.list_running()) == ["worker.1", "worker.2"]
        assert bridge.kill("worker") >= 2
        assert bridge.list_running() == []


def test_processes_that_ignore_sigterm_are_killed_after_the_grace():
    with Bridge(ENVIRONMENT, commands=commands(worker=STUBBORN)) as bridge:
        bridge.start(web=False, clock=False)
        wait_for(lambda: bridge.logs["worker.1"].read_text() == "up\n")
        assert bridge.stop(grace_s=0.2) == {"worker.1": -signal.SIGKILL}


def test_the_error_of_web_shows_its_last_log_lines_and_no_process_remains(tmp_path):
    with Bridge(ENVIRONMENT, commands=commands(web="raise SystemExit('no key')"), logs=tmp_path) as bridge:
        with pytest.raises(NeedsOperator, match=r"web\.1 ended with code 1(.|\n)*no key"):
            bridge.start()
        assert bridge.list_running() == []
    assert (tmp_path / "web.1.log").exists(), "logs in a folder of the caller stay"


def test_web_that_is_never_healthy_raises():
    with Bridge(ENVIRONMENT, commands=commands(web="import time; time.sleep(60)")) as bridge:
        with pytest.raises(NeedsOperator, match=r"not healthy within 0\.3 s"):
            bridge.start(workers=0, clock=False, timeout_s=0.3)
        assert bridge.list_running() == []


def test_a_failed_migration_is_an_error():
    with (
        Bridge(ENVIRONMENT, commands=commands(migrate="raise SystemExit(3)")) as bridge,
        pytest.raises(NeedsOperator, match="migrate ended with code 3"),
    ):
        bridge.migrate()


def test_processes_that_end_by_themselves_are_reported_once():
    with Bridge(ENVIRONMENT, commands=commands(clock="pass")) as bridge:
        bridge.start(web=False, workers=0)
        codes: dict[str, int] = {}
        wait_for(lambda: codes.update(bridge.pop_exit_codes()) or codes)
        assert codes == {"clock.1": 0}
        assert bridge.pop_exit_codes() == {}


def test_echo_writes_to_this_terminal(capfd):
    with Bridge(ENVIRONMENT, commands=commands(), echo=True) as bridge:
        bridge.migrate()
    assert capfd.readouterr().out == "head\n"


def test_no_process_outlives_its_owner():
    script = (
        "import sys, time; from bridge.sandbox.processes import Bridge;"
        "b = Bridge({}, commands={'worker': [sys.executable, '-c', 'import time; time.sleep(60)']});"
        "b.start(web=False, clock=False); print(*b.pids('worker'), b.logs['worker.1'], flush=True);"
        "time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with owner:
        pid, log = owner.stdout.readline().split()
        owner.kill()
    wait_for(lambda: not kill_on_exit.list_session_pids(int(pid)))
    Path(log).unlink()
    Path(log).parent.rmdir()


def test_the_commands_are_those_of_the_procfile():
    procfile = dict(line.split(": ", 1) for line in (Path(__file__).parents[2] / "Procfile").read_text().splitlines())
    procfile["migrate"] = procfile.pop("release")
    ours = {kind: " ".join(words[1:]).removeprefix("-m ") for kind, words in COMMANDS.items()}
    procfile_modules = {kind: line.removeprefix("python -m ") for kind, line in procfile.items()}
    assert ours == procfile_modules


def test_a_free_port_is_free():
    assert free_port() != 0
