"""`serve`: quiet until it listens, a line for what happens, the stand-ins if they are wanted. Real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from bridge.cli.send.http_post import load_sample_body
from bridge.sandbox.activity import fold_missing
from bridge.sandbox.processes import free_port
from bridge.sandbox.sandbox import invent_worlds
from bridge.sandbox.world import INVENTED_SHOP
from tests.factories import NOW
from tests.kit.hosts.clones import copy_tracked_files, run_in_clone

START_S = 90


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_tracked_files(tmp_path_factory.mktemp("clone"))


@contextmanager
def serving(clone, port, *options):
    """Run `serve` in the clone; give the lines that it has printed so far."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    command = [sys.executable, "-m", "bridge", "serve", *options]
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=clone, env={**own, "PORT": str(port)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
        reader.start()
        try:
            yield lines, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            reader.join(10)


def wait_for_line(lines, pattern, timeout_s=START_S):
    """Return how many lines came before the first that matches, and the match."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for number, line in enumerate(list(lines)):
            if found := re.search(pattern, line):
                return number, found
        time.sleep(0.1)
    raise AssertionError(f"no line matches {pattern}: {''.join(lines)}")


def test_two_commands_from_a_clone_lead_to_a_complete_package(clone):
    port = free_port()
    with serving(clone, port, "--sandbox") as (lines, _):
        before, _ = wait_for_line(lines, r"listens at http://127\.0\.0\.1:")
        assert before + 1 <= 8, "".join(lines)
        wait_for_line(lines, rf"^   PORT={port} bin/bridge send customers/data_request$")
        if sys.platform == "linux":  # where the whole of 127.0.0.0/8 is this machine
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=5)
        sent = run_in_clone(
            clone, "python", "-m", "bridge", "send", "customers/data_request", environ={"PORT": str(port)}
        )
        assert sent.returncode == 0, sent.stderr
        wait_for_line(lines, r"webhook  customers/data_request: done")
        _, closed = wait_for_line(lines, r"request  (req_\w+): access done, complete yes")
        listed = run_in_clone(clone, "python", "-m", "bridge", "dsr", "list", "--json")
        (request,) = json.loads(listed.stdout)
        assert (request["id"], request["complete"]) == (closed[1], True)
    printed = "".join(lines)
    assert len(lines) <= 12, printed
    assert "asha" not in printed.lower()
    assert re.search(r"Unset: 7 settings, \d+ answers", printed)


def test_a_port_in_use_is_said_once_with_what_to_type(clone):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run_in_clone(clone, "python", "-m", "bridge", "serve", environ={"PORT": str(port)})
    assert refused.returncode == 1
    assert (refused.stdout, refused.stderr) == (
        "",
        f"The bridge cannot start: port {port} is in use. Type: PORT={port + 1} make run\n",
    )


def test_settings_of_production_are_not_served(clone, tmp_path):
    environ = {"DATABASE_URL": "postgres://db.example.com/bridge"}  # another machine: production is assumed
    refused = run_in_clone(clone, "python", "-m", "bridge", "serve", environ=environ)
    assert refused.returncode == 1
    assert "The bridge cannot start" in refused.stderr


def test_the_samples_are_about_a_person_and_an_order_of_the_stand_ins():
    world, _ = invent_worlds(0, NOW)
    body = json.loads(load_sample_body("customers/data_request", INVENTED_SHOP))
    assert (body["customer"]["id"], body["customer"]["email"]) == (world.asha.id, world.asha.email)
    assert set(body["orders_requested"]) <= {order.id for order in world.list_orders(world.asha)}
    redacted = json.loads(load_sample_body("customers/redact", INVENTED_SHOP))
    assert (redacted["customer"]["id"], redacted["orders_to_redact"]) == (world.asha.id, body["orders_requested"])


def test_what_is_unset_is_counted_in_one_line():
    missing = ("DATABASE_URL is not set", "config/merchant.toml: [merchant] shops is not set")
    assert list(fold_missing(missing)) == [
        "Unset: 1 settings, 1 answers of the merchant. `doctor` lists them; `init` asks."
    ]
    assert list(fold_missing(())) == []
