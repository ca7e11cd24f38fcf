"""The season is heavy-tailed and bursts; what is drawn and judged of it is what happened."""

import json
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

import pytest

from bridge.rules.webhooks.signature import find_signing_secret
from bridge.sandbox.shopify.server import CLIENT_SECRET
from tests.bench.burst import season as seasons
from tests.bench.burst.backlog import Look, find_drained_s
from tests.bench.burst.curve import draw_curve
from tests.bench.burst.season import Schedule, Season
from tests.bench.burst.simulate import Outcome, list_figures
from tests.bench.receiver.open_loop import run_schedule

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
SEASON = Season(shops=60, seconds=20, per_s=20, burst_s=5)


@pytest.fixture(scope="module")
def schedule():
    made = Schedule(SEASON)
    made.build()
    return made


def split(request):
    head, _, body = request.partition(b"\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


def test_a_season_is_the_same_each_time_and_another_seed_is_another_one(schedule):
    again, other = Schedule(SEASON), Schedule(SEASON, seed=2)
    again.build()
    other.build()
    assert again.timed == schedule.timed
    assert other.timed != schedule.timed


def test_ten_times_as_many_come_in_the_burst(schedule):
    burst = [at for at, _ in schedule.timed if SEASON.burst_begins <= at < SEASON.burst_ends]
    calm = len(schedule.timed) - len(burst)
    ratio = (len(burst) / SEASON.burst_s) / (calm / (SEASON.seconds - SEASON.burst_s))
    assert 7 < ratio < 13


def test_a_fifth_of_the_shops_has_most_of_the_webhooks(schedule):
    of_shop = Counter(split(request)[0]["X-Shopify-Shop-Domain"] for _, request in schedule.timed)
    largest = sum(count for _, count in of_shop.most_common(SEASON.shops // 5))
    assert largest > 0.5 * len(schedule.timed)
    assert len(of_shop) > SEASON.shops // 2


def test_every_webhook_is_signed_and_only_a_repetition_has_the_same_bytes(schedule):
    ids = [split(request)[0]["X-Shopify-Webhook-Id"] for _, request in schedule.timed]
    assert len(set(ids)) == schedule.unique
    assert schedule.unique < len(ids), "some come twice"
    bodies = {split(request)[1] for _, request in schedule.timed}
    assert len(bodies) == schedule.unique
    for _, request in schedule.timed[::50]:
        headers, body = split(request)
        assert find_signing_secret(body, headers["X-Shopify-Hmac-Sha256"], [CLIENT_SECRET.encode()]) == 0
        json.loads(body)


def test_all_three_privacy_topics_are_among_a_long_season():
    made = Schedule(Season(shops=100, seconds=30, per_s=60))
    made.build()
    assert {seasons.ACCESS, seasons.REDACT, seasons.SHOP_REDACT} <= made.topics.keys()
    assert set(made.topics) == set(seasons.TOPICS)


@pytest.mark.parametrize(
    ("waiting", "drained"),
    [
        ([900, 500, 9, 9, 9, 9], 1.0),
        ([0, 0, 0, 0, 0], 0.0),
        ([900, 9, 9, 500, 9, 9, 9, 9], 2.0),  # it came back for a moment
        ([900, 9, 9, 9], None),  # too short to know
        ([900, 900, 900, 900, 900], None),
        ([], None),
    ],
)
def test_drained_means_that_for_two_seconds_no_more_waits_than_before(waiting, drained):
    looks = [Look(100 + at / 2, webhooks, 0) for at, webhooks in enumerate(waiting)]
    early = [Look(90.0, 0, 0)] * 8
    assert find_drained_s([*early, *looks], burst_ended=100.0, calm=10) == drained


def make_outcome(**changes):
    answers = {"began": 50.0, "max_ms": 120.0, "p50_ms": 4.0, "p99_ms": 40.0, "other": 0, "late_p99_ms": 2.0}
    answers["each_second"] = [[second, 20 if second else 200, 30.0 + second] for second in range(20)]
    given = {
        "season": SEASON, "sent": 700, "answers": answers, "looks": [Look(51.0 + at, at, 1) for at in range(20)],
        "drained_s": 12.5, "kept": 680, "unique": 680, "lost": 0, "failed_requests": 0, "requests": 9,
        "peaks_mb": {"web": 100.0, "worker": 130.0, "clock": 70.0},
    }  # fmt: skip
    outcome = Outcome(**{**given, **changes, "answers": answers | changes.get("answers", {})})
    outcome.judge()
    return outcome


def test_a_sound_season_has_no_fault_and_every_fault_is_said():
    assert make_outcome().faults == []
    broken = [
        {"answers": {"max_ms": 1000.0}},
        {"answers": {"other": 1}},
        {"kept": 679},
        {"kept": 681},
        {"lost": 1},
        {"failed_requests": 1},
        {"drained_s": None},
    ]
    for changes in broken:
        outcome = make_outcome(**changes)
        assert len(outcome.faults) == 1, changes
        assert all(figure.fault for figure in list_figures(outcome))


@pytest.mark.parametrize("changes", [{}, {"drained_s": None}, {"looks": []}])
def test_the_curve_is_a_picture_with_a_point_for_each_look_and_second(changes):
    outcome = make_outcome(**changes)
    picture = ET.fromstring(draw_curve(outcome))  # noqa: S314 - our own
    lines = [each.attrib["points"].split() for each in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(line) for line in lines] == [len(outcome.looks), 2 * 20, 2 * 20]
    for x, y in (map(float, point.split(",")) for line in lines for point in line):
        assert 0 <= x <= 760
        assert 0 <= y <= 430


@contextmanager
def standing_still(first, pause_s):
    """A server that answers at once, but stands still when the first `first` requests were answered."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                seen.append(1)
                if len(seen) == first:
                    time.sleep(pause_s)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    lock = threading.Lock()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_receiver_that_stands_still_makes_all_requests_of_that_time_slow():
    """A closed loop would have counted one slow request."""
    with standing_still(20, 1.0) as port:
        result = run_schedule(port, [(at / 50, REQUEST) for at in range(100)], limit_s=60)
    assert result["accepted"] == 100
    assert result["other"] == 0
    slow = sum(1 for _, count, slowest in result["each_second"] if slowest > 300 for _ in range(count))
    assert slow >= 50
    assert result["p50_ms"] > 20, "half of them had to wait"
    assert 900 < result["max_ms"] < 10_000


def test_requests_that_are_never_answered_are_counted():
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:  # it accepts nothing; the system does
        timed = [(at / 100, REQUEST) for at in range(40)]
        result = run_schedule(listener.getsockname()[1], timed, limit_s=60, patience_s=0.5)
    assert result["accepted"] == 0
    assert result["statuses"] == {"0": 40}
    assert result["other"] == 40
    assert result["p99_ms"] is None
