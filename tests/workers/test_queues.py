"""The queue: ids only, one round trip, one index job per shop, and never a long wait for Redis."""

import inspect
import socket
import time

import pytest
from rq.job import Job
from rq.utils import import_attribute

from bridge.errors import SettingsInvalid
from bridge.sandbox.processes.embedded_redis import Valkey
from workers import queues
from workers.connection import connect_redis
from workers.queues import JOBS, QUEUE, RqJobQueue


@pytest.fixture
def job_queue(valkey, redis_client):
    connection = connect_redis(valkey.url, for_worker=False)
    yield RqJobQueue(connection)
    connection.close()


def waiting(client):
    """(function, arguments) of the jobs that wait, in their order."""
    ids = [each.decode() for each in client.lrange(f"rq:queue:{QUEUE}", 0, -1)]
    jobs = [Job.fetch(each, connection=client, serializer="json") for each in ids]
    return [(job.func_name, list(job.args)) for job in jobs]


def test_a_job_has_one_id_and_a_fixed_description(job_queue, redis_client):
    assert job_queue.enqueue("process", "req_1")
    assert waiting(redis_client) == [("workers.jobs.process", ["req_1"])]
    (name,) = redis_client.keys("rq:job:*")
    kept = redis_client.hgetall(name)
    assert kept[b"description"] == b"process"
    assert int(kept[b"timeout"]) == queues.TIMEOUT_S
    assert int(kept[b"result_ttl"]) == 0
    assert int(kept[b"failure_ttl"]) == queues.FAILURE_TTL_S


def test_privacy_work_goes_to_the_front(job_queue, redis_client):
    job_queue.enqueue_all([("index", "a.myshopify.com", False), ("process", "req_1", True)])
    job_queue.enqueue("dispatch", "dlv_1", at_front=True)
    assert [args for _, args in waiting(redis_client)] == [["dlv_1"], ["req_1"], ["a.myshopify.com"]]


def test_an_index_job_of_a_shop_waits_once_until_it_has_begun(job_queue, redis_client):
    for _ in range(3):
        assert job_queue.enqueue_all([("index", "a.myshopify.com", False), ("index", "b.myshopify.com", False)])
    assert [args for _, args in waiting(redis_client)] == [["a.myshopify.com"], ["b.myshopify.com"]]
    job_queue.release_index_job("a.myshopify.com")
    job_queue.enqueue("index", "a.myshopify.com")
    job_queue.enqueue("index", "b.myshopify.com")
    assert [args[0][0] for _, args in waiting(redis_client)] == ["a", "b", "a"]
    assert 0 < redis_client.ttl("bridge:index-job:a.myshopify.com") <= queues.INDEX_JOB_INTERVAL_S


def test_other_jobs_are_enqueued_every_time(job_queue, redis_client):
    job_queue.enqueue_all([("process", "req_1", True)] * 3)
    assert job_queue.depth() == 3 == len(waiting(redis_client))


def test_no_jobs_is_a_success_and_leaves_nothing(job_queue, redis_client):
    assert job_queue.enqueue_all([])
    assert job_queue.depth() == 0
    assert redis_client.keys() == []


def test_a_job_nobody_knows_is_a_mistake_of_ours(job_queue):
    with pytest.raises(KeyError):
        job_queue.enqueue("gather", "req_1")


def seconds(deed):
    began = time.monotonic()
    result = deed()
    return result, time.monotonic() - began


@pytest.mark.parametrize("kind", ["nobody listens", "nobody answers"])
def test_a_redis_that_is_away_costs_no_time(kind):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "nobody answers":
            listener.listen(16)
        connection = connect_redis(f"redis://127.0.0.1:{listener.getsockname()[1]}", for_worker=False)
        job_queue = RqJobQueue(connection)
        for deed, result in (
            (lambda: job_queue.enqueue("process", "req_1"), False),
            (lambda: job_queue.enqueue_all([("index", "a.myshopify.com", False), ("process", "r", True)]), False),
            (job_queue.depth, None),
            (lambda: job_queue.release_index_job("a.myshopify.com"), None),
        ):
            assert seconds(deed) == (result, pytest.approx(0.3, abs=0.5))
        connection.close()


def test_a_redis_that_comes_back_is_heard_again():
    with Valkey() as server:
        connection = connect_redis(server.url, for_worker=False)
        job_queue = RqJobQueue(connection)
        assert job_queue.enqueue("process", "req_1")
        server.kill()
        assert not job_queue.enqueue("process", "req_2")
        assert job_queue.depth() is None
        server.start()
        assert job_queue.enqueue("process", "req_3")
        assert job_queue.depth() == 1
        connection.close()


def test_without_an_address_it_says_what_to_set():
    with pytest.raises(SettingsInvalid, match="REDIS_URL"):
        connect_redis("", for_worker=False)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_is_a_function_of_one_id(name):
    job = import_attribute(JOBS[name])
    (parameter,) = inspect.signature(job).parameters.values()
    assert parameter.annotation in (str, "str")
    assert job.__doc__
