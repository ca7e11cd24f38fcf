"""The progress of a task survives being stored; nothing that may name a person is in the part that is shown."""

from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import (
    ConsentDataProgress,
    ConsentEvent,
    ConsentProgress,
    CorrectionProgress,
    CustomerSearchProgress,
    DoubtedCustomer,
    EraseProgress,
    ErasureAction,
    GatherProgress,
    GrievanceProgress,
    IncidentProgress,
    IncidentRecipient,
    IncidentReport,
    InvoiceSearchResult,
    ListedWaybill,
    LocateProgress,
    NominationProgress,
    NomineeProgress,
    NoticeProgress,
    NoticeReport,
    ObjectionProgress,
    Outcome,
    PlanLine,
    PlatformRequestProgress,
    PollProgress,
    PrecheckResult,
    ProcessorListProgress,
    RemainingShopData,
    RequestKind,
    ResidueProgress,
    RestrictionProgress,
    SealProgress,
    ShopEraseProgress,
    StopMarketingProgress,
    TaskAction,
    TaskState,
    WaitReason,
    Waybill,
    get_progress,
)
from bridge.rules.requests.progress_codec import PARCELS_PREFIX, decode_progress, encode_cursor, encode_detail
from bridge.rules.requests.wait_texts import WAITING_STATES, derive_wait_reason
from tests.factories import make_task

TEXT = st.text(max_size=12)
COUNT = st.integers(min_value=0, max_value=9_999)
OPTIONAL_COUNT = st.none() | COUNT
IDS = st.lists(st.text(min_size=1, max_size=8), max_size=4).map(tuple)
ROWS = st.dictionaries(st.sampled_from(["orders", "parcels", "customers", "data_keys"]), COUNT)
LINES = st.lists(st.fixed_dictionaries({"state": TEXT, "entries": COUNT}), max_size=3).map(tuple)
PLAN_LINES = st.lists(
    st.builds(
        PlanLine,
        system=TEXT,
        category=TEXT,
        what=TEXT,
        action=st.sampled_from(ErasureAction),
        reason=TEXT,
        count=COUNT,
        law=TEXT,
        until=st.none() | st.dates(),
        hold_ids=IDS,
        grounds=st.just(()),
    ),
    max_size=3,
).map(tuple)
MARKED = "qwertzuiop"  # stands where a value may name a person

WAYBILLS = st.builds(Waybill, number=TEXT, carrier=TEXT, account_holder=TEXT, order_id=TEXT, order_name=TEXT)
REPORTS = st.builds(
    IncidentReport,
    recipient=st.sampled_from(IncidentRecipient),
    at=st.datetimes(timezones=st.just(UTC)),
    is_needed=st.booleans(),
)
PROGRESS = {
    (TaskAction.RECORD_NOMINATION, RequestKind.NOMINATION): st.builds(
        NominationProgress, nomination_id=TEXT, accepted=st.booleans(), declined=st.booleans()
    ),
    (TaskAction.ADMIT_NOMINEE, RequestKind.NOMINEE_EXERCISE): st.builds(
        NomineeProgress, nomination_id=TEXT, opened_request_id=TEXT, declined=st.booleans()
    ),
    (TaskAction.REPORT_INCIDENT, RequestKind.INCIDENT): st.builds(
        IncidentProgress, reports=st.lists(REPORTS, max_size=4).map(tuple), persons=OPTIONAL_COUNT, letters=COUNT
    ),
    (TaskAction.GATHER, RequestKind.ACCESS): st.builds(
        GatherProgress,
        cursor=TEXT.filter(lambda text: not text.startswith(PARCELS_PREFIX)),
        requested_parcels=OPTIONAL_COUNT,
    )
    | st.builds(GatherProgress, parcels=st.lists(WAYBILLS, max_size=3).map(tuple), requested_parcels=OPTIONAL_COUNT),
    (TaskAction.FIND_CUSTOMERS, RequestKind.ERASURE): st.builds(
        CustomerSearchProgress,
        customers=COUNT,
        left_out=COUNT,
        doubts=st.lists(
            st.builds(
                DoubtedCustomer,
                id=TEXT,
                found_by=st.lists(st.tuples(st.sampled_from(["email", "phone"]), TEXT), max_size=3).map(tuple),
                reason=TEXT,
                beside=TEXT,
            ),
            max_size=3,
        ).map(tuple),
    ),
    (TaskAction.LOCATE_PARCELS, RequestKind.ERASURE): st.just(LocateProgress()),
    (TaskAction.SEAL_INVOICES, RequestKind.ERASURE): st.builds(
        SealProgress,
        search=st.none()
        | st.builds(
            InvoiceSearchResult,
            never_invoiced=st.frozensets(TEXT, max_size=3),
            missing_copies=st.frozensets(TEXT, max_size=3),
            is_complete=st.booleans(),
        ),
    ),
    (TaskAction.KEEP_CONSENTS, RequestKind.ERASURE): st.builds(
        ConsentProgress,
        events=st.lists(st.builds(ConsentEvent, **dict.fromkeys(ConsentEvent.__slots__, TEXT)), max_size=3).map(tuple),
        sha256=TEXT,
    ),
    (TaskAction.ERASE, RequestKind.ERASURE): st.builds(
        EraseProgress,
        removed_rows=ROWS,
        excluded_order_ids=IDS,
        is_customer_kept=st.booleans(),
        began_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    (TaskAction.ERASE, RequestKind.SHOP_ERASURE): st.builds(
        ShopEraseProgress,
        removed_rows=ROWS,
        remaining=st.builds(
            RemainingShopData,
            documents=COUNT,
            grounds=IDS,
            until=st.none() | st.dates(),
            legal_holds=COUNT,
            refund_accounts=COUNT,
        ),
        stopped_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    (TaskAction.REQUEST_PLATFORM_ERASURE, RequestKind.ERASURE): st.builds(
        PlatformRequestProgress,
        reason=st.none() | TEXT,
        prechecks=st.lists(
            st.builds(PrecheckResult, code=TEXT, count=OPTIONAL_COUNT, stops=st.booleans(), reason=TEXT), max_size=3
        ).map(tuple),
        released_codes=IDS,
    ),
    (TaskAction.REMOVE_PLATFORM_RESIDUE, RequestKind.ERASURE): st.builds(
        ResidueProgress,
        reason=st.none() | TEXT,
        erased=OPTIONAL_COUNT,
        to_remove=OPTIONAL_COUNT,
        found=OPTIONAL_COUNT,
        retained=OPTIONAL_COUNT,
        skipped=OPTIONAL_COUNT,
        still_present=OPTIONAL_COUNT,
        quarantined=OPTIONAL_COUNT,
    ),
    (TaskAction.POLL_PLATFORM_ERASURE, RequestKind.ERASURE): st.builds(
        PollProgress,
        reason=st.none() | TEXT,
        decision=st.sampled_from([None, Outcome.ERASED, Outcome.UNCONFIRMED]),
        wait_until=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    (TaskAction.STOP_MARKETING, RequestKind.CONSENT_WITHDRAWAL): st.builds(
        StopMarketingProgress,
        stopped_at=st.datetimes(timezones=st.just(UTC)),
        channels=st.lists(TEXT, max_size=2).map(tuple),
        events=st.lists(st.builds(ConsentEvent, **dict.fromkeys(ConsentEvent.__slots__, TEXT)), max_size=2).map(tuple),
        sha256=TEXT,
    ),
    (TaskAction.ERASE_CONSENT_DATA, RequestKind.CONSENT_WITHDRAWAL): st.builds(
        ConsentDataProgress, lines=PLAN_LINES, begun=PLAN_LINES, standing=IDS, held_by=IDS, discloses=st.booleans()
    ),
    (TaskAction.ANSWER_GRIEVANCE, RequestKind.GRIEVANCE): st.builds(GrievanceProgress),
    (TaskAction.LIST_PROCESSORS, RequestKind.PROCESSOR_LIST): st.builds(ProcessorListProgress),
    (TaskAction.NOTIFY_PROCESSOR, RequestKind.ERASURE): st.builds(
        NoticeProgress,
        report=st.none()
        | st.builds(
            NoticeReport,
            items=COUNT,
            answers=st.dictionaries(TEXT, COUNT, max_size=2),
            waiting=LINES,
            retained=LINES,
            read_back=st.dictionaries(TEXT, COUNT, max_size=2),
            notices=LINES,
        ),
        listed_waybills=st.lists(st.builds(ListedWaybill, waybill=TEXT, order=TEXT), max_size=3).map(tuple),
    ),
    (TaskAction.CORRECT, RequestKind.CORRECTION): st.builds(
        CorrectionProgress,
        corrected=IDS,
        declined=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        orders=COUNT,
        orders_refused=COUNT,
        recipients=ROWS,
    ),
    (TaskAction.RESTRICT, RequestKind.RESTRICTION): st.builds(
        RestrictionProgress,
        ground=TEXT,
        orders=COUNT,
        recipients=ROWS,
        ends_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        reason=TEXT,
    ),
    (TaskAction.WEIGH_OBJECTION, RequestKind.OBJECTION): st.builds(
        ObjectionProgress, purposes=IDS, decisions=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=3).map(tuple)
    ),
}


def test_every_action_has_its_progress():
    assert {action for action, _ in PROGRESS} == set(TaskAction)


@pytest.mark.parametrize(("action", "kind"), PROGRESS, ids=str)
@given(data=st.data())
def test_progress_reads_back_as_it_was_stored(action, kind, data):
    progress = data.draw(PROGRESS[action, kind])
    detail = json.loads(json.dumps(encode_detail(progress)))
    assert decode_progress(action, kind, encode_cursor(progress), detail) == progress


@pytest.mark.parametrize(("action", "kind"), PROGRESS, ids=str)
def test_a_new_task_has_nothing_stored_and_reads_back_as_empty(action, kind):
    empty = decode_progress(action, kind, "", {})
    assert (encode_cursor(empty), encode_detail(empty)) == ("", {})
    assert (encode_cursor(None), encode_detail(None)) == ("", {})
    assert get_progress(make_task("req_1", action=action), type(empty)) == empty


@pytest.mark.parametrize(
    "progress",
    [
        GatherProgress(cursor=MARKED, requested_parcels=1),
        GatherProgress(parcels=(Waybill(number=MARKED, carrier="delhivery", order_name=MARKED),)),
        SealProgress(search=InvoiceSearchResult(missing_copies=frozenset({MARKED}))),
        EraseProgress(removed_rows={"orders": 1}, excluded_order_ids=(MARKED,)),
        NoticeProgress(listed_waybills=(ListedWaybill(waybill=MARKED, order=MARKED),)),
    ],
    ids=lambda progress: type(progress).__name__,
)
def test_what_may_name_a_person_is_in_the_sealed_part_only(progress):
    assert MARKED in encode_cursor(progress)
    assert MARKED not in json.dumps(encode_detail(progress))


def test_a_task_gives_no_progress_of_another_kind():
    task = make_task("req_1", progress=GatherProgress(cursor="p1"))
    assert get_progress(task, GatherProgress).cursor == "p1"
    with pytest.raises(TypeError, match="GatherProgress has no EraseProgress"):
        get_progress(task, EraseProgress)


@pytest.mark.parametrize("state", TaskState)
def test_only_a_task_that_does_not_go_on_has_a_reason(state):
    for reason in set(WaitReason) - {WaitReason.PRECHECK_BLOCKED}:
        assert derive_wait_reason(state, reason) is (reason if state in WAITING_STATES else None)
    blocked = derive_wait_reason(state, "guard_store_credit_balance, guard_gift_card_balance")
    assert blocked is (WaitReason.PRECHECK_BLOCKED if state in WAITING_STATES else None)
    assert derive_wait_reason(state, "shopify: HTTP 503") is derive_wait_reason(state, "") is None
