"""The fakes are held to the ports: same names, same parameters, same kinds."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass

import pytest

from bridge.connectors.alert_webhook import AlertWebhook
from bridge.connectors.smtp import SmtpMailer
from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.errors import ConnectorUnavailable
from bridge.model import Letter, Outcome
from bridge.ports import (
    AlertReceiver,
    CallLimits,
    ChangesCustomers,
    Connector,
    Eraser,
    Mailer,
    NamesShops,
    Platform,
    Queue,
    TimestampAuthority,
    Tracker,
)
from tests.factories import ASHA, SHOP
from tests.fakes import (
    FakeAlertReceiver,
    FakeCallLimits,
    FakeCarrier,
    FakeChangingPlatform,
    FakeEraser,
    FakeMailer,
    FakeNamingPlatform,
    FakePlatform,
    FakeQueue,
    FakeTimestampAuthority,
    FakeTracker,
)
from workers.shared_limits import RedisCallLimits


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
        (FakeCallLimits, CallLimits),
        (RedisCallLimits, CallLimits),
        (FakeCarrier, Connector),
        (FakePlatform, Platform),
        (FakeTracker, Tracker),
        (FakeEraser, Eraser),
        (FakeMailer, Mailer),
        (SmtpMailer, Mailer),
        (FakeAlertReceiver, AlertReceiver),
        (AlertWebhook, AlertReceiver),
        (FakeTimestampAuthority, TimestampAuthority),
        (Rfc3161Authority, TimestampAuthority),
    ],
)
def test_a_fake_has_its_ports_public_signatures(fake, port):
    assert public(fake) == public(port)


def test_only_the_platform_can_be_asked_how_far_its_erasure_is():
    assert isinstance(FakePlatform(), Platform)
    assert not isinstance(FakeCarrier("delhivery"), Platform | Tracker | Eraser)
    assert isinstance(FakeTracker("delhivery"), Tracker)
    assert isinstance(FakeEraser("aftership"), Eraser)


def test_a_platform_that_names_shops_is_one_by_its_methods():
    assert isinstance(FakeNamingPlatform(), NamesShops)
    assert isinstance(FakeNamingPlatform(), Platform)
    assert not isinstance(FakePlatform(), NamesShops)
    assert public(FakeNamingPlatform) == public(Platform) | public(NamesShops)


def test_a_platform_whose_customers_can_be_changed_is_one_by_its_methods():
    assert isinstance(FakeChangingPlatform(), ChangesCustomers)
    assert isinstance(FakeChangingPlatform(), Platform)
    assert not isinstance(FakePlatform(), ChangesCustomers)
    assert public(FakeChangingPlatform) == public(Platform) | public(ChangesCustomers)


def test_fakes_are_objects_with_memory_and_not_dataclasses_or_mocks():
    queue, platform, carrier = FakeQueue(), FakePlatform(), FakeCarrier("delhivery")
    assert not is_dataclass(queue)
    assert queue.enqueue("process", "req_1", at_front=True)
    queue.is_down = True
    assert not queue.enqueue("process", "req_2")
    assert queue.jobs == [("process", "req_1", True)]
    assert [check.ok for check in (*platform.run_checks(SHOP), *carrier.run_checks(SHOP))] == [True, True]
    assert platform.read_erasure_state(ASHA, shop=SHOP).outcome is Outcome.UNCONFIRMED


def test_the_mailer_keeps_its_letters_and_plays_each_fault_once():
    mailer = FakeMailer()
    assert mailer.configured
    letter = Letter(to="a@example.com", subject="s", text="t", html="h", message_id="<1@example.com>")
    mailer.faults = [ConnectorUnavailable("once")]
    with pytest.raises(ConnectorUnavailable):
        mailer.send_letter(letter)
    mailer.send_letter(letter)
    assert mailer.letters == [letter]
