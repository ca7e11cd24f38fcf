"""The register: months of the merchant's calendar, medians, what is late, what is held until which year."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bridge.model import AnswerBasis, RequestEnding, RequestKind, RequestSource, RequestState
from bridge.rules.requests.request_register import build_request_register
from tests.factories import make_request

INDIA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2027, 1, 10, tzinfo=UTC)


def closed(received_at, days, **given):
    return make_request(
        received_at=received_at,
        due_at=received_at + timedelta(days=30),
        closed_at=None if days is None else received_at + timedelta(days=1),
        answered_at=None if days is None else received_at + timedelta(days=days),
        state=RequestState.IN_PROGRESS if days is None else RequestState.DONE,
        **given,
    )


def made(*requests, **given):
    register = {"open_answers": {}, "held": [], "laws": {}, "zone": INDIA, "now": NOW} | given
    return build_request_register(requests, **register)


def test_months_are_the_merchant_s_and_count_the_requests_received_in_them():
    last_evening = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)  # half past midnight of 1 December in India
    register = made(
        closed(datetime(2026, 11, 2, tzinfo=UTC), 2),
        closed(datetime(2026, 11, 3, tzinfo=UTC), 5, kind=RequestKind.ERASURE),
        closed(datetime(2026, 11, 4, tzinfo=UTC), 40),
        closed(last_evening, None),
    )
    november, december = register["months"]
    assert november == {
        "month": "2026-11",
        "requests": 3,
        "by_kind": {"access": 2, "erasure": 1},
        "by_door": {"webhook": 3},
        "by_kind_and_door": {"access by webhook": 2, "erasure by webhook": 1},
        "by_state": {"done": 3},
        "closed": 3,
        "ready_not_delivered": 0,
        "median_hours_to_acknowledge": None,
        "median_days_to_close": 5.0,
        "longest_days_to_close": 40.0,
        "late": 1,
        "by_ending": {},
        "beyond_promise": 0,
    }
    assert (december["month"], december["closed"], december["median_days_to_close"]) == ("2026-12", 0, None)
    assert december["late"] == 1, "open, and due on the thirtieth of December"


def test_a_package_that_nobody_got_closes_nothing_and_becomes_late():
    """Requirement P-18: what was sealed in time and never delivered is late, and no figure calls it closed."""
    sealed = replace(closed(datetime(2026, 11, 2, tzinfo=UTC), 2), answered_at=None)
    shopify = replace(sealed, kind=RequestKind.ERASURE)  # fulfilled by the deed: nobody wrote to the merchant
    by_hand = replace(shopify, source=RequestSource.OPERATOR)
    waived = replace(sealed, answered_at=NOW, answer_basis=AnswerBasis.WAIVED)
    [month] = made(sealed, shopify, by_hand, waived)["months"]
    assert (month["closed"], month["ready_not_delivered"], month["late"]) == (2, 2, 3)
    assert [row["closed_at"] is not None for row in made(sealed)["late"]] == [True]


def test_the_median_hours_to_acknowledge_are_of_what_was_recorded():
    """Requirement P-68: what nobody recorded counts as nothing, and never as zero hours."""
    start = datetime(2026, 11, 2, tzinfo=UTC)
    requests = [replace(closed(start, 2), id=f"req_{number}") for number in range(4)]
    recorded = {f"req_{number}": start + timedelta(hours=hours) for number, hours in enumerate((2, 5, 47.5))}
    [month] = made(*requests, acknowledged=recorded)["months"]
    assert month["median_hours_to_acknowledge"] == 5.0
    assert made(*requests, acknowledged={"req_other": start})["months"][0]["median_hours_to_acknowledge"] is None


def test_a_contract_without_a_reference_is_called_so():
    """Requirement P-43."""
    contracts = made(contracts={"delhivery": "DLV/2025/7", "bluedart": " "})["contracts"]
    assert contracts == {"bluedart": "contract reference not recorded", "delhivery": "DLV/2025/7"}


def test_overdue_requests_are_listed_with_their_reason_and_no_person():
    overdue = replace(closed(datetime(2026, 11, 4, tzinfo=UTC), None), last_error="KeyError at x.py:1 y")
    register = made(overdue, closed(datetime(2026, 12, 20, tzinfo=UTC), None))
    assert [(row["id"], row["reason"], row["closed_at"]) for row in register["late"]] == [
        (overdue.id, "KeyError at x.py:1 y", None)
    ]
    assert overdue.subject not in str(register)


def test_what_is_held_is_counted_by_law_and_year_of_release():
    held = [
        (["tax_books"], date(2034, 4, 1), 3),
        (["tax_books", "claim"], date(2034, 7, 1), 2),
        (["claim"], None, 1),
        ([], date(2030, 1, 1), 4),
    ]
    register = made(held=held, laws={"tax_books": "CGST Act s.36"}, open_answers={"delhivery": 2, "bluedart": 1})
    assert [(row["hold"], row["release_year"], row["documents"], row["law"]) for row in register["held"]] == [
        ("claim", "2034", 2, ""),
        ("claim", "undecided", 1, ""),
        ("none", "2030", 4, ""),
        ("tax_books", "2034", 5, "CGST Act s.36"),
    ]
    assert list(register["open_answers"]) == ["bluedart", "delhivery"]


def test_a_bridge_without_requests_has_an_empty_register():
    register = made()
    assert (register["months"], register["late"], register["held"]) == ([], [], [])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(RequestKind)),
            st.sampled_from(list(RequestSource)),
            st.integers(0, 200),
            st.one_of(st.none(), st.integers(0, 60)),
        ),
        max_size=30,
    )
)
def test_p68_the_sums_of_the_register_match(rows):
    """Requirement P-68: by kind, by door, by both and by state each request counts once, and so does each late one."""
    requests = [
        closed(datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=day), days, kind=kind, source=source)
        for kind, source, day, days in rows
    ]
    register = made(*requests)
    for month in register["months"]:
        for figure in ("by_kind", "by_door", "by_kind_and_door", "by_state"):
            assert sum(month[figure].values()) == month["requests"]
        for kind, count in month["by_kind"].items():
            of_kind = [n for name, n in month["by_kind_and_door"].items() if name.startswith(f"{kind} by ")]
            assert sum(of_kind) == count
        assert month["closed"] + month["ready_not_delivered"] <= month["requests"]
    assert sum(month["requests"] for month in register["months"]) == len(requests)
    assert sum(month["late"] for month in register["months"]) == len(register["late"])
    assert all(row["reason"] for row in register["late"])


def test_a_late_request_says_what_it_waits_for_and_refusals_are_counted_by_code():
    late = closed(datetime(2026, 7, 1, tzinfo=UTC), None)
    register = made(
        late, open_work={late.id: ["shopify: denied", "delhivery: retry"]}, refusals={"already_done": 2, "a_code": 1}
    )
    assert [row["reason"] for row in register["late"]] == ["shopify: denied; delhivery: retry"]
    assert register["refusals"] == {"a_code": 1, "already_done": 2}


def test_what_was_refused_withdrawn_or_extended_beyond_the_promise_is_counted():
    promise = NOW + timedelta(days=30)
    clocks = {"policy_30_days": promise.isoformat()}
    rows = [
        make_request(ending=RequestEnding.REFUSED, closed_at=NOW),
        make_request(ending=RequestEnding.WITHDRAWN, closed_at=NOW),
        make_request(ending=RequestEnding.REFUSED, closed_at=NOW),
        make_request(due_at=promise + timedelta(days=1), clocks={**clocks, "gdpr_12_3_extended": "2027-01-01"}),
        make_request(due_at=promise, clocks=clocks),
    ]
    (month,) = made(*rows)["months"]
    assert (month["by_ending"], month["beyond_promise"]) == ({"refused": 2, "withdrawn": 1}, 1)
