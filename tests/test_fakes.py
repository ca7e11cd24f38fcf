"""The fakes are held to the ports: same names, same parameters, same kinds."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass

import pytest

from bridge.connectors.smtp import Smtp
from bridge.connectors.timestamp_authority import TimestampAuthority
from bridge.errors import ConnectorUnavailable
from bridge.model import Letter, Outcome
from bridge.ports import Connector, Eraser, Mailer, Platform, Queue, Stamper, Tracker
from tests.factories import ASHA, SHOP
from tests.fakes import FakeCarrier, FakeEraser, FakeMailer, FakePlatform, FakeQueue, FakeStamper, FakeTracker


def public(port):
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(port, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("fake", "port"),
    [
        (FakeQueue, Queue),
        (FakeCarrier, Connector),
        (FakePlatform, Platform),
        (FakeTracker, Tracker),
        (FakeEraser, Eraser),
        (FakeMailer, Mailer),
        (Smtp, Mailer),
        (FakeStamper, Stamper),
        (TimestampAuthority, Stamper),
    ],
)
def test_a_fake_has_its_ports_public_signatures(fake, port):
    assert public(fake) == public(port)


def test_only_the_platform_can_be_asked_how_far_its_erasure_is():
    assert isinstance(FakePlatform(), Platform)
    assert not isinstance(FakeCarrier("delhivery"), Platform | Tracker | Eraser)
    assert isinstance(FakeTracker("delhivery"), Tracker)
    assert isinstance(FakeEraser("aftership"), Eraser)


def test_fakes_are_objects_with_memory_and_not_dataclasses_or_mocks():
    queue, platform, carrier = FakeQueue(), FakePlatform(), FakeCarrier("delhivery")
    assert not is_dataclass(queue)
    assert queue.nudge("process", "req_1", first=True)
    queue.deaf = True
    assert not queue.nudge("process", "req_2")
    assert queue.bells == [("process", "req_1", True)]
    assert [check.ok for check in (*platform.check(SHOP), *carrier.check(SHOP))] == [True, True]
    assert platform.erasure_state(ASHA, shop=SHOP).outcome is Outcome.UNCONFIRMED


def test_the_mailer_keeps_its_letters_and_plays_each_fault_once():
    mailer = FakeMailer()
    assert mailer.configured
    letter = Letter(to="a@example.com", subject="s", text="t", html="h", message_id="<1@example.com>")
    mailer.faults = [ConnectorUnavailable("once")]
    with pytest.raises(ConnectorUnavailable):
        mailer.send(letter)
    mailer.send(letter)
    assert mailer.letters == [letter]
