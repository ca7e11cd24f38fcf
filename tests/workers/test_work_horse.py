"""A work-horse takes what else waits while it is warm; after a fault or a while, the next gets a fresh one."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from rq import Queue as RqQueue

from bridge.bootstrap import WallClock
from bridge.sandbox.processes import ROOT
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.steps.index import index_orders as step
from workers.queues import QUEUE, SERIALIZER

WORKER = """
import sys
from rq import Queue
from tests.workers import test_work_horse  # imported before the fork: a job has one second
from workers import run
from workers.connection import connect_redis
from workers.queues import QUEUE, SERIALIZER
run.WARM_S = float(sys.argv[2])
run.BridgeWorker.functions = frozenset(f"tests.workers.test_work_horse.{name}" for name in ("linger", "note", "fail"))
connection = connect_redis(sys.argv[1], for_worker=True)
queue = Queue(QUEUE, connection=connection, serializer=SERIALIZER)
run.BridgeWorker([queue], connection=connection, serializer=SERIALIZER).work(burst=True)
"""


def note(path):
    with Path(path).open("a") as notes:
        notes.write(f"{os.getpid()}\n")


def fail(path):
    note(path)
    raise ValueError("asha@example.com")


def linger(path):
    """The real step over a batch that does not end within the job's time."""

    def drain(*_args):
        note(path)
        time.sleep(20)

    step.identify_shops = step.record_uninstalls = lambda *_, **__: 0
    step._index_batch = drain
    step.index_deliveries("bridge.myshopify.com", services=SimpleNamespace(clock=WallClock()))


def work(tmp_path, *jobs, warm_s=8.0, timeout_s=60):
    """Which process did each job, and what Redis keeps afterwards."""
    notes = tmp_path / "notes"
    with Valkey() as valkey, redis.Redis.from_url(valkey.url) as client:
        queue = RqQueue(QUEUE, connection=client, serializer=SERIALIZER)
        for job in jobs:
            queue.enqueue(
                f"tests.workers.test_work_horse.{job.__name__}",
                str(notes),
                job_timeout=timeout_s,
                result_ttl=0,
                failure_ttl=60,
            )
        done = subprocess.run(
            [sys.executable, "-c", WORKER, valkey.url, str(warm_s)],
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert b"asha" not in done.stdout + done.stderr
        return notes.read_text().split(), list(client.scan_iter("rq:job:*"))


def test_one_horse_does_all_that_waits_and_leaves_nothing_in_redis(tmp_path):
    pids, kept = work(tmp_path, note, note, note)
    assert len(pids) == 3
    assert len(set(pids)) == 1
    assert kept == []


def test_one_that_is_no_longer_warm_takes_no_other(tmp_path):
    pids, _ = work(tmp_path, note, note, warm_s=0)
    assert len(set(pids)) == 2


@pytest.mark.parametrize("place", [0, 1])
def test_after_a_fault_the_next_job_gets_a_fresh_one(tmp_path, place):
    jobs = [note, note, note]
    jobs[place] = fail
    pids, _ = work(tmp_path, *jobs)
    assert len(pids) == 3
    assert pids[place] != pids[place + 1]


@pytest.mark.parametrize("jobs", [[linger], [note, linger]])
def test_a_batch_that_runs_out_of_time_is_not_begun_again(tmp_path, jobs):
    pids, _ = work(tmp_path, *jobs, timeout_s=1)
    assert len(pids) == len(jobs)
