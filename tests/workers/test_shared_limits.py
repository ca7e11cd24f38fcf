"""What workers know together: points that fit the bucket, dear calls that do not starve, one call to who is silent."""

import threading
import time

import pytest

from bridge.ports import PointsReport
from workers.connection import connect_redis
from workers.shared_limits import FIRST_SILENCE_S, MAX_SILENCE_S, RedisCallLimits

SHOP, OTHER = "a.myshopify.com", "b.myshopify.com"


@pytest.fixture
def limits(valkey, redis_client):
    connection = connect_redis(valkey.url, for_worker=False)
    yield RedisCallLimits(connection)
    connection.close()


def report_status(limits, *, available, maximum=1_000.0, rate=100.0, taken=0.0, charged=0.0, shop=SHOP):
    status = {"available": available, "maximum": maximum, "restore_rate": rate}
    limits.report_points(shop, taken, PointsReport(charged=charged, **status))


def take_for(limits, price, *, shop=SHOP, has_begun=False):
    return limits.take_points(shop, price, has_begun=has_begun)


def test_nobody_knows_the_points_before_the_platform_reported_any(limits):
    assert take_for(limits, 10) is None


def test_points_are_taken_once_and_by_shop(limits):
    report_status(limits, available=500)
    report_status(limits, available=500, shop=OTHER)
    assert take_for(limits, 400) == 0
    assert take_for(limits, 400) == pytest.approx(3, abs=0.3)
    assert take_for(limits, 400, shop=OTHER) == 0


def test_a_report_gives_back_what_a_call_did_not_cost_and_never_more_than_the_platform_says(limits):
    report_status(limits, available=500)
    assert take_for(limits, 400) == 0
    report_status(limits, available=490, taken=400, charged=10)
    assert take_for(limits, 480) == 0
    report_status(limits, available=50, taken=480, charged=480)
    assert take_for(limits, 100) > 0


def test_the_bucket_fills_up_to_its_maximum_and_a_dear_call_is_paid_from_a_full_one(limits):
    report_status(limits, available=0, maximum=100, rate=1_000)
    time.sleep(0.3)
    assert take_for(limits, 5_000) == 0, "the platform says that it is too dear, not we"
    assert take_for(limits, 50) > 0


def test_those_that_are_sent_away_come_back_one_after_the_other(limits):
    report_status(limits, available=0)
    waits = [take_for(limits, 100) for _ in range(4)]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(1, abs=0.2)
    assert waits[-1] == pytest.approx(4, abs=0.4)


def test_who_has_begun_goes_before_the_others(limits):
    report_status(limits, available=300)
    assert take_for(limits, 900) > 0
    assert take_for(limits, 100) > 0, "what the dear call waits for is saved"
    assert take_for(limits, 100, has_begun=True) == 0


def test_a_dear_call_does_not_starve_beside_cheap_ones(limits):
    report_status(limits, available=0, rate=2_000)
    stop, cheap, paid = threading.Event(), [], threading.Event()

    def pay_cheap():
        while not stop.is_set():
            if take_for(limits, 50) == 0:
                cheap.append(1)
            stop.wait(0.005)

    threads = [threading.Thread(target=pay_cheap) for _ in range(3)]
    for each in threads:
        each.start()
    end = time.monotonic() + 20
    while time.monotonic() < end and not paid.is_set():
        if take_for(limits, 900) == 0:
            paid.set()
        time.sleep(0.05)
    stop.set()
    for each in threads:
        each.join()
    assert paid.is_set()


def test_what_many_workers_take_fits_the_bucket_and_all_are_served(limits, valkey):
    maximum, rate, price, calls = 500.0, 2_000.0, 100.0, 15
    report_status(limits, available=maximum, maximum=maximum, rate=rate)
    began, spent, lock = time.monotonic(), [], threading.Lock()

    def work():
        connection = connect_redis(valkey.url, for_worker=False)
        own = RedisCallLimits(connection)
        for _ in range(calls):
            while (wait_s := take_for(own, price)) != 0:
                time.sleep(min(wait_s, 0.2))
            with lock:
                spent.append(price)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(spent) == 6 * calls
    assert sum(spent) <= maximum + rate * (time.monotonic() - began) + price


def test_a_silent_system_is_called_by_one_after_a_while_and_by_all_once_it_answers(limits, redis_client):
    assert limits.find_silence("delhivery") is None
    limits.report_silence("delhivery")
    left_s, silent_s = limits.find_silence("delhivery")
    assert left_s == pytest.approx(FIRST_SILENCE_S, abs=2)
    assert silent_s < 2
    assert limits.find_silence("bluedart") is None
    redis_client.hset("bridge:silent:delhivery", "until", 1)
    assert limits.find_silence("delhivery") is None, "one looks whether it answers"
    assert limits.find_silence("delhivery") is not None, "and no other meanwhile"
    limits.report_answer("delhivery")
    assert limits.find_silence("delhivery") is None


def test_the_pauses_of_a_silent_system_grow_to_their_limit(limits):
    lefts = []
    for _ in range(5):
        limits.report_silence("delhivery")
        lefts.append(limits.find_silence("delhivery")[0])
    assert lefts == [pytest.approx(each, abs=2) for each in (60, 120, 240, MAX_SILENCE_S, MAX_SILENCE_S)]


def test_redis_keeps_names_of_shops_and_systems_and_numbers_only(limits, redis_client):
    report_status(limits, available=500)
    take_for(limits, 5_000)
    limits.report_silence("delhivery")
    assert {key.decode() for key in redis_client.scan_iter()} == {f"bridge:points:{SHOP}", "bridge:silent:delhivery"}
    for key in redis_client.scan_iter():
        assert all(float(value) >= 0 for value in redis_client.hgetall(key).values())
        assert redis_client.ttl(key) > 0


def test_without_redis_nothing_is_known_and_nothing_is_raised():
    connection = connect_redis("redis://127.0.0.1:1", for_worker=False)
    limits = RedisCallLimits(connection)
    report_status(limits, available=500)
    limits.report_silence("delhivery")
    limits.report_answer("delhivery")
    assert (take_for(limits, 10), limits.find_silence("delhivery")) == (None, None)
    connection.close()
