"""The day on which a request was received can be corrected to an earlier one, and never to a later one."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import PayloadInvalid
from bridge.rules.requests.deadlines import LAW_CLOCK
from tests.factories import ASHA, NOW, SHOP
from tests.kit.operator_requests import open_as_operator
from tests.kit.stored import read_request


def opened(services, received_at):
    return open_as_operator(services, ASHA, shop=SHOP, at=received_at)


def test_t02_an_earlier_receipt_moves_the_day_and_is_recorded_and_a_later_one_does_not(services, clock):
    """Requirements C-02, P-21."""
    clock.at = datetime(2027, 2, 10, 10, 0, tzinfo=UTC)
    request_id = opened(services, clock.at)
    mail = datetime(2027, 1, 31, 10, 0, tzinfo=UTC)

    assert opened(services, mail) == request_id
    moved, _, facts = read_request(services.store, request_id)
    assert opened(services, mail + timedelta(days=3)) == request_id
    after, _, more = read_request(services.store, request_id)

    assert (moved.received_at, moved.due_at, moved.due_governed_by) == (
        mail,
        datetime(2027, 2, 28, 10, 0, tzinfo=UTC),
        LAW_CLOCK,
    )
    assert moved.acknowledge_due_at == mail + timedelta(hours=48)
    assert [fact.fact for fact in facts] == ["request.opened", "letter.queued", "request.joined"]
    assert facts[-1].actor == "operator:test"
    assert (after.received_at, after.due_at, after.clocks) == (moved.received_at, moved.due_at, moved.clocks)
    assert more[-1].detail["due_at"] == moved.due_at.isoformat()


def test_t02_nobody_asks_in_the_future(services, clock):
    """Requirement P-21."""
    with pytest.raises(PayloadInvalid, match="received_in_the_future"):
        opened(services, NOW + timedelta(seconds=1))
