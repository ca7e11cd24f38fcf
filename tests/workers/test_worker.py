"""A real worker: what a failing job leaves in Redis and in the log, and how the worker ends."""

import base64
import re
import sys
import time
import zlib
from contextlib import suppress

import pytest
import redis
from rq import Queue as RqQueue

from bridge.sandbox.processes import COMMANDS, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.e2e import processes
from workers.connection import connect_redis
from workers.queues import FAILURE_TTL_S, QUEUE, SERIALIZER, RqJobQueue

CANARY = b"asha@example.com"
READ = {
    "hash": lambda client, name: client.hgetall(name),
    "string": lambda client, name: client.get(name),
    "list": lambda client, name: client.lrange(name, 0, -1),
    "set": lambda client, name: client.smembers(name),
    "zset": lambda client, name: client.zrange(name, 0, -1),
    "stream": lambda client, name: client.xrange(name),
}


def pieces(value):
    if isinstance(value, dict):
        for each in value.items():
            yield from pieces(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from pieces(each)
    elif isinstance(value, bytes):
        yield value
        for opened in (bytes, base64.b64decode):  # RQ keeps what jobs carry and what they raised compressed
            with suppress(zlib.error, ValueError):
                yield zlib.decompress(opened(value))


def everything(client):
    """All that Redis holds, opened."""
    found = []
    for name in client.scan_iter():
        found += [name, *pieces(READ[client.type(name).decode()](client, name))]
    return b"\n".join(found)


@pytest.fixture(scope="module")
def shop_floor(tmp_path_factory):
    """A worker, its Redis and its database."""
    folder = tmp_path_factory.mktemp("worker")
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{folder}/bridge.db", valkey.url, LOG_LEVEL="DEBUG")
        processes.migrate(environ)
        commands = {**COMMANDS, "worker": [sys.executable, "-m", "tests.workers.any_job"]}
        with Bridge(environ, commands=commands, logs=folder) as bridge, redis.Redis.from_url(valkey.url) as client:
            bridge.start(web=False, clock=False)
            # before that it has not taken over the signals yet
            processes.until(
                "the worker waits for jobs",
                lambda: b"idle" in [client.hget(key, "state") for key in client.smembers("rq:workers")],
            )
            yield bridge, client, environ


def run_job(client, function):
    """Enqueue any function as our queue would; wait until the worker is free again."""
    queue = RqQueue(QUEUE, connection=client, serializer=SERIALIZER)
    job = queue.enqueue_call(
        f"tests.workers.failing_jobs.{function}", args=["req_1"], result_ttl=0, failure_ttl=FAILURE_TTL_S, description="process"
    )  # fmt: skip
    ended = lambda: client.hget(job.key, "status") in (None, b"failed", b"finished")  # noqa: E731
    processes.until(f"{function} ended", ended)
    return job


def test_the_search_finds_the_canary_where_a_stock_worker_worked(shop_floor):
    _, client, environ = shop_floor
    queue = RqQueue("stock", connection=client, serializer=SERIALIZER)
    queue.enqueue_call("tests.workers.failing_jobs.explode", args=["req_1"])
    words = ("worker", "stock", "--burst", "--serializer", SERIALIZER, "--url", environ["REDIS_URL"])
    stock = processes.run(environ, "-m", "rq.cli", *words)
    assert CANARY.decode() in stock.out + stock.err
    assert CANARY in everything(client)
    for name in client.keys("rq:*stock*") + client.keys("rq:job*") + client.keys("rq:results*"):
        client.delete(name)
    assert CANARY not in everything(client)


@pytest.mark.parametrize(
    ("function", "result"),
    [
        ("explode", "ValueError"),
        ("explode_with_everything", "LeakingError"),
        ("leave", ""),
        ("die", ""),
        ("nobody_wrote_it", ""),
    ],
)
def test_a_failing_job_leaves_type_and_place_only(shop_floor, function, result):
    bridge, client, _ = shop_floor
    job = run_job(client, function)
    kept = everything(client)
    assert CANARY not in kept
    assert b"Traceback" not in kept
    assert result.encode() in kept
    log = bridge.logs["worker.1"].read_text()
    assert CANARY.decode() not in log
    assert "Traceback" not in log
    assert result in log
    assert client.ttl(f"rq:job:{job.id}") <= FAILURE_TTL_S
    assert bridge.list_running() == ["worker.1"], "the worker outlives its jobs"


def test_what_a_job_returns_is_not_kept(shop_floor):
    _, client, _ = shop_floor
    job = run_job(client, "answer")
    processes.until("RQ has deleted it", lambda: not client.exists(f"rq:job:{job.id}"))
    assert CANARY not in everything(client)


@pytest.mark.parametrize("name", ["dispatch", "process"])
def test_a_job_for_a_row_that_is_gone_is_answered_without_a_fault(shop_floor, name):
    _, client, environ = shop_floor
    connection = connect_redis(environ["REDIS_URL"], for_worker=False)
    job_queue = RqJobQueue(connection)
    failed = client.zcard(f"rq:failed:{QUEUE}")
    assert job_queue.enqueue(name, f"{name}_gone")
    processes.until("the job was taken", lambda: job_queue.depth() == 0 and not client.keys(f"rq:job:*{name}_gone*"))
    time.sleep(0.3)
    assert client.zcard(f"rq:failed:{QUEUE}") == failed
    connection.close()


def test_it_listens_to_one_queue(shop_floor):
    _, client, _ = shop_floor
    (worker,) = client.smembers("rq:workers")
    assert client.hget(worker, "queues") == QUEUE.encode()


def test_on_sigterm_it_ends_in_order(shop_floor):
    bridge, client, _ = shop_floor
    assert bridge.stop(grace_s=10) == {"worker.1": 0}
    assert client.smembers("rq:workers") == set()
    log = bridge.logs["worker.1"].read_text()
    assert not re.search(r"\breq_1\b.*@", log)


def test_a_job_that_is_not_ours_is_refused_by_the_real_worker(tmp_path):
    with Valkey() as valkey:
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url)
        processes.migrate(environ)
        with Bridge(environ, logs=tmp_path) as bridge, redis.Redis.from_url(valkey.url) as client:
            bridge.start(web=False, clock=False)
            job = run_job(client, "answer")
            assert client.hget(job.key, "status") == b"failed"
            assert "job.unknown" in bridge.logs["worker.1"].read_text()
