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
        yield urlsplit(valkey.url).port
        client.auth("hunter1")
        client.config_set("requirepass", "")


@pytest.mark.parametrize(
    ("account", "words"),
    [("", "it wants a password, and REDIS_URL has none"), (":hunter2@", "it refuses the password")],
)
def test_it_says_why_it_stops(locked, tmp_path, account, words):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", f"redis://{account}127.0.0.1:{locked}/0")
    processes.migrate(environ)
    result = processes.run(environ, "-m", "workers.run")
    output = result.out + result.err
    assert result.code == 1
    assert "Traceback" not in output
    assert "hunter2" not in output
    lines = [json.loads(line) for line in output.splitlines()]
    (stopped,) = (line for line in lines if line["event"] == "worker.stopped")
    assert stopped["why"].startswith(f"Redis at 127.0.0.1:{locked}: {words}")
    assert processes.say(environ, "doctor", "--offline", "--json").json["checks"]
