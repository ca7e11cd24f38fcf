"""A worker whose Redis does not let it in says why in one line of JSON: no traceback, no password."""

import json
from urllib.parse import urlsplit

import pytest
import redis

from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes


@pytest.fixture(scope="module")
def locked():
    """A Redis that wants a password."""
    with Valkey() as valkey, redis.Redis.from_url(valkey.url) as client:
        client.config_set("requirepass", "hunter1")
        yield urlsplit(valkey.url).path
        client.auth("hunter1")
        client.config_set("requirepass", "")


@pytest.mark.parametrize(
    ("account", "words"),
    [("", "it wants a password, and REDIS_URL has none"), (":hunter2@", "it refuses the password")],
)
def test_it_says_why_it_stops(locked, tmp_path, account, words):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", f"unix://{account}{locked}")
    processes.migrate(environ)
    result = processes.run(environ, "-m", "workers.run")
    output = result.out + result.err
    assert result.code == 1
    assert "Traceback" not in output
    assert "hunter2" not in output
    lines = [json.loads(line) for line in output.splitlines()]
    (stopped,) = (line for line in lines if line["event"] == "worker.stopped")
    assert stopped["why"].startswith(f"Redis at {locked}: {words}")
    checks = {check["name"]: check for check in processes.say(environ, "doctor", "--offline", "--json").json["checks"]}
    assert words in checks["redis"]["detail"]


@pytest.mark.parametrize("program", ["workers.run", "workers.schedule"])
def test_a_url_that_cannot_be_read_is_said_without_repeating_it(tmp_path, program):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "redis://:hunter2@host:port/0")
    result = processes.run(environ, "-m", program)
    assert (result.code, "REDIS_URL cannot be read" in result.err) == (1, True)
    assert "hunter2" not in result.err
    assert "Traceback" not in result.err
