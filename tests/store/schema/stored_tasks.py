"""Tasks as the release before 0005 stored them: every action, every format."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from bridge.model import (
    EraseProgress,
    GatherProgress,
    InvoiceSearchResult,
    ListedWaybill,
    LocateProgress,
    NoticeProgress,
    NoticeReport,
    PlatformRequestProgress,
    PollProgress,
    PrecheckResult,
    RemainingShopData,
    RequestKind,
    ResidueProgress,
    SealProgress,
    ShopEraseProgress,
    WaitReason,
    Waybill,
)

CHECK = {"code": "store_credit_balance", "count": 2, "stops": True, "reason": "she_would_lose_it"}
NOTICE = {"id": "ntc_1", "state": "sent", "via": "email", "reminders": 0, "answered_via": "", "sent_at": "x"}
REPORT = {
    "entries": 2,
    "answers": {"erased": 1},
    "waits": [{"state": "queued", "reason": "", "entries": 1, "not_before": None}],
    "kept": [{"law": "tax", "until": None, "entries": 1}],
    "read_back": {"gone": 1},
    "notices": [NOTICE],
}
PARCEL = {
    "number": "AWB1",
    "carrier": "delhivery",
    "account_holder": "merchant",
    "order_id": "1001",
    "order_name": "#1001",
}
STOPPED_AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)

# (kind of the request, action, cursor and detail as the release before stores them, the progress they mean)
STORED = [
    (RequestKind.ACCESS, "gather", "", {}, GatherProgress()),
    (RequestKind.ACCESS, "gather", '{"page": 2}', {}, GatherProgress(cursor='{"page": 2}')),
    (RequestKind.ACCESS, "gather", "p9", {"waybills": 0}, GatherProgress(cursor="p9", requested_parcels=0)),
    (RequestKind.ACCESS, "gather", "parcels:" + json.dumps([PARCEL]), {}, GatherProgress(parcels=(Waybill(**PARCEL),))),
    (RequestKind.ACCESS, "gather", "parcels:[]", {}, GatherProgress(parcels=())),
    (RequestKind.ERASURE, "locate", "", {}, LocateProgress()),
    (RequestKind.ERASURE, "seal", "", {}, SealProgress()),
    (
        RequestKind.ERASURE,
        "seal",
        '{"none": ["3"], "missing": ["1", "2"], "whole": false}',
        {},
        SealProgress(
            search=InvoiceSearchResult(never_invoiced=frozenset("3"), missing_copies=frozenset("12"), is_complete=False)
        ),
    ),
    (RequestKind.ERASURE, "erase", "", {}, EraseProgress()),
    (
        RequestKind.ERASURE,
        "erase",
        '["1001", "1002"]',
        {"customers": 1, "orders": 2},
        EraseProgress(removed_rows={"customers": 1, "orders": 2}, excluded_order_ids=("1001", "1002")),
    ),
    (RequestKind.SHOP_ERASURE, "erase", "", {}, ShopEraseProgress()),
    (
        RequestKind.SHOP_ERASURE,
        "erase",
        "",
        {
            "stopped_at": STOPPED_AT.isoformat(),
            "orders": 4,
            "kept_documents": 2,
            "kept_grounds": ["gst_s36"],
            "kept_until": "2034-12-31",
            "kept_claims": 1,
            "kept_refund_accounts": 3,
        },
        ShopEraseProgress(
            removed_rows={"orders": 4},
            remaining=RemainingShopData(
                documents=2,
                grounds=("gst_s36",),
                until=datetime(2034, 12, 31).date(),  # noqa: DTZ001 - a day
                legal_holds=1,
                refund_accounts=3,
            ),
            stopped_at=STOPPED_AT,
        ),
    ),
    (RequestKind.ERASURE, "ask", "", {}, PlatformRequestProgress()),
    (
        RequestKind.ERASURE,
        "ask",
        "",
        {"reason": "", "guards": [CHECK], "released": ["store_credit_balance"]},
        PlatformRequestProgress(
            reason="", prechecks=(PrecheckResult(**CHECK),), released_codes=("store_credit_balance",)
        ),
    ),
    (RequestKind.ERASURE, "redact", "", {"reason": "x"}, ResidueProgress(reason="x")),
    (
        RequestKind.ERASURE,
        "redact",
        "",
        {"erased": 1, "begun": 2, "there": 3},
        ResidueProgress(erased=1, to_remove=2, found=3),
    ),
    (
        RequestKind.ERASURE,
        "redact",
        "",
        {"reason": "", "erased": 1, "kept": 2, "left": 3, "still_there": 4, "quarantined": 5},
        ResidueProgress(reason="", erased=1, retained=2, skipped=3, still_present=4, quarantined=5),
    ),
    (RequestKind.ERASURE, "follow", "", {}, PollProgress()),
    (RequestKind.ERASURE, "follow", "", {"reason": "readable"}, PollProgress(reason="readable")),
    (RequestKind.ERASURE, "instruct", "", {}, NoticeProgress()),
    (
        RequestKind.ERASURE,
        "instruct",
        '[{"waybill": "AWB1", "order": "#1001"}]',
        {},
        NoticeProgress(listed_waybills=(ListedWaybill(waybill="AWB1", order="#1001"),)),
    ),
    (
        RequestKind.ERASURE,
        "instruct",
        "",
        REPORT,
        NoticeProgress(
            report=NoticeReport(
                items=2,
                answers=REPORT["answers"],
                waiting=tuple(REPORT["waits"]),
                retained=tuple(REPORT["kept"]),
                read_back=REPORT["read_back"],
                notices=(NOTICE,),
            )
        ),
    ),
]
WAITING = [
    ("waiting", "copy_missing", WaitReason.INVOICE_COPY_MISSING, "copy_missing"),
    ("retry", "access_in_flight", WaitReason.ACCESS_IN_PROGRESS, "access_in_flight"),
    ("retry", "plan_changed", WaitReason.PLAN_CHANGED, "plan_changed"),
    ("waiting", "installed_again", WaitReason.INSTALLED_AGAIN, "installed_again"),
    ("waiting", "vault_not_returned", WaitReason.VAULT_NOT_RETURNED, "vault_not_returned"),
    ("failed", "guard_store_credit_balance, guard_gift_card_balance", WaitReason.PRECHECK_BLOCKED, "guard"),
    ("failed", "copy_missing", WaitReason.INVOICE_COPY_MISSING, "copy_missing"),
    ("failed", "guardian is no precheck", None, ""),
    ("retry", "shopify: HTTP 503", None, ""),
    ("done", "installed_again", None, ""),
    ("pending", "copy_missing", None, ""),
]
