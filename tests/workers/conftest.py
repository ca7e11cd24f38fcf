"""A Redis that the tests of a file share, emptied for each."""

import pytest
import redis

from bridge.sandbox.processes.embedded_redis import Valkey


@pytest.fixture(scope="module")
def valkey():
    with Valkey() as server:
        yield server


@pytest.fixture
def redis_client(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        yield client
