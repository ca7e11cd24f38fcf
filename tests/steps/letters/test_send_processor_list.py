"""Requirement P-44: who asks for the list of processors gets it, whoever that is, without a proof of identity."""

from __future__ import annotations

import pytest

from bridge.model import LetterKind, Principal, RequestKind, RequestSource, RequestState
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP
from tests.kit.operator_requests import list_answers


@pytest.mark.parametrize("principal", [ASHA, Principal(email="nobody@example.org")], ids=["customer", "stranger"])
def test_a_request_for_the_list_of_processors_answers_itself(services, platform, carrier, clock, principal):
    request_id = open_person_request(
        RequestKind.PROCESSOR_LIST,
        SHOP,
        principal,
        clock.at,
        actor="page",
        reason="",
        services=services,
        source=RequestSource.PAGE,
    )
    process_request(request_id, services=services)
    with services.store.read() as tx:
        request = tx.requests.get_request(request_id)
    letters = list_answers(services, request_id)
    assert [letter.kind for letter in letters] == [LetterKind.PROCESSORS]
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, clock.at)
    assert request.clocks.keys() == {"policy_30_days", "law_one_month"}
    assert platform.asked == carrier.asked == []
