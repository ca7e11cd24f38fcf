"""Turns the progress of a task into what is stored, and back. Pure: the store seals what is returned for `cursor`.

`cursor` holds what may name a person: page positions, order ids, waybills. `detail` holds counts and codes as JSON, and
is shown by commands, certificates and evidence bundles. Both are written as the release before wrote them: two
releases run at the same time while one replaces the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, assert_never

from bridge import model
from bridge.rules.consents.stop_codec import decode_consent_data, decode_stop, encode_withdrawal_detail
from bridge.rules.desk.desk_progress import decode_desk_progress, encode_desk_detail
from bridge.rules.requests.rights.rights_codec import decode_rights_progress, encode_rights_detail

PARCELS_PREFIX = "parcels:"  # before the list of parcels, where a connector's cursor was
WAYBILL_FIELDS = ("number", "carrier", "account_holder", "order_id", "order_name")
STOPPED_AT_KEY = "stopped_at"
REMAINING_PREFIX = "kept_"  # before what the erasure of a shop keeps, among the tables that it cleared
REMAINING_KEYS = {
    "documents": "kept_documents",
    "grounds": "kept_grounds",
    "until": "kept_until",
    "legal_holds": "kept_claims",
    "refund_accounts": "kept_refund_accounts",
}
BLANK_PROGRESS: Mapping[model.TaskAction, type[model.Progress]] = {  # actions that remember nothing between two runs
    model.TaskAction.LOCATE_PARCELS: model.LocateProgress,
    model.TaskAction.ANSWER_GRIEVANCE: model.GrievanceProgress,
    model.TaskAction.LIST_PROCESSORS: model.ProcessorListProgress,
}
RESIDUE_KEYS = {
    "reason": "reason",
    "erased": "erased",
    "to_remove": "begun",
    "found": "there",
    "retained": "kept",
    "skipped": "left",
    "still_present": "still_there",
    "quarantined": "quarantined",
}
HELD_BY_KEY = "held_by"  # the holds of the retention file that a task waits for


def encode_cursor(progress: model.Progress | None) -> str:
    """Return what of the progress must be sealed, '' where there is nothing."""
    stored: Any = None
    match progress:
        case model.GatherProgress(parcels=None):
            return progress.cursor
        case model.GatherProgress(parcels=tuple() as parcels):
            return PARCELS_PREFIX + json.dumps(
                [{name: getattr(one, name) for name in WAYBILL_FIELDS} for one in parcels]
            )
        case model.CustomerSearchProgress(doubts=doubts):
            stored = [asdict(doubt) for doubt in doubts]
        case model.SealProgress(search=model.InvoiceSearchResult() as search):
            orders = {"none": sorted(search.never_invoiced), "missing": sorted(search.missing_copies)}
            stored = orders | {"whole": search.is_complete}
        case model.EraseProgress():
            stored = _encode_kept(progress)
        case model.ShopEraseProgress(unfinished_decision=decision) if decision:
            stored = {"decision": decision, "rows": dict(progress.unfinished_rows)}
        case (
            model.NoticeProgress(listed_waybills=rows)
            | model.ConsentProgress(events=rows)
            | model.StopMarketingProgress(events=rows)
        ):
            stored = [asdict(row) for row in rows]
    return json.dumps(stored) if stored else ""


def _encode_kept(progress: model.EraseProgress) -> list[str] | dict[str, Any]:
    is_unfinished = bool(progress.unfinished_rows or progress.unfinished_items)
    if not progress.is_customer_kept and not progress.began_at and not is_unfinished:
        return list(progress.excluded_order_ids)
    began_at = progress.began_at.isoformat() if progress.began_at else ""
    kept: dict[str, Any] = {"orders": list(progress.excluded_order_ids), "began_at": began_at}
    if is_unfinished:
        kept["unfinished"] = [dict(progress.unfinished_rows), dict(progress.unfinished_items)]
    return kept if progress.is_customer_kept else kept | {"customer": False}


def encode_detail(progress: model.Progress | None) -> dict[str, Any]:  # noqa: C901 - one case for each progress
    """Return the counts and codes of the progress, JSON-ready and without a personal value."""
    detail: dict[str, Any] = {}
    match progress:
        case model.GatherProgress(requested_parcels=int(count)):
            detail = {"waybills": count}
        case model.CustomerSearchProgress() if progress != model.CustomerSearchProgress():
            counts = (progress.customers, len(progress.doubts), progress.left_out)
            detail = dict(zip(("customers", "in_doubt", "left_out"), counts, strict=True))
        case model.ConsentProgress(sha256=sha256) if sha256:
            detail = {"sha256": sha256}
        case model.StopMarketingProgress() | model.ConsentDataProgress():
            detail = encode_withdrawal_detail(progress)
        case model.EraseProgress():
            held = {HELD_BY_KEY: list(progress.held_by)} if progress.held_by else {}
            detail = {**progress.removed_rows, **held}
        case model.ShopEraseProgress(stopped_at=stopped_at):
            stopped = {STOPPED_AT_KEY: stopped_at.isoformat()} if stopped_at else {}
            detail = {**stopped, **progress.removed_rows, **encode_remaining_shop_data(progress.remaining)}
        case model.PlatformRequestProgress():
            detail = {
                **({} if progress.reason is None else {"reason": progress.reason}),
                **({HELD_BY_KEY: list(progress.held_by)} if progress.held_by else {}),
                **({"guards": [asdict(each) for each in progress.prechecks]} if progress.prechecks else {}),
                **({"released": list(progress.released_codes)} if progress.released_codes else {}),
            }
        case model.PollProgress():
            detail = {
                **({} if progress.reason is None else {"reason": progress.reason}),
                **({"decision": progress.decision} if progress.decision else {}),
                **({"wait_until": progress.wait_until.isoformat()} if progress.wait_until else {}),
            }
        case model.ResidueProgress():
            values = {key: getattr(progress, name) for name, key in RESIDUE_KEYS.items()}
            detail = {key: value for key, value in values.items() if value is not None}
        case model.CorrectionProgress() | model.RestrictionProgress() | model.ObjectionProgress():
            detail = encode_rights_detail(progress)
        case model.NominationProgress() | model.NomineeProgress() | model.IncidentProgress():
            detail = encode_desk_detail(progress)
        case model.NoticeProgress(report=model.NoticeReport() as report):
            detail = {
                "entries": report.items,
                "answers": dict(report.answers),
                "waits": list(report.waiting),
                "kept": list(report.retained),
                "read_back": dict(report.read_back),
                "notices": list(report.notices),
            }
    return detail


def encode_remaining_shop_data(remaining: model.RemainingShopData) -> dict[str, Any]:
    """Return what the erasure of a shop keeps, without what there is none of."""
    values = {
        "documents": remaining.documents,
        "grounds": list(remaining.grounds),
        "until": remaining.until.isoformat() if remaining.until else None,
        "legal_holds": remaining.legal_holds,
        "refund_accounts": remaining.refund_accounts,
    }
    return {REMAINING_KEYS[name]: value for name, value in values.items() if value}


def decode_progress(  # noqa: C901, PLR0912 - one case for each action
    action: model.TaskAction, kind: model.RequestKind, cursor: str, detail: Mapping[str, Any]
) -> model.Progress:
    """Return the progress of a task of this action, in a request of this kind, from its two stored parts."""
    progress: model.Progress
    match action:
        case model.TaskAction.GATHER:
            progress = _decode_gather(cursor, detail)
        case model.TaskAction.FIND_CUSTOMERS:
            progress = _decode_customer_search(cursor, detail)
        case (
            model.TaskAction.LOCATE_PARCELS
            | model.TaskAction.ANSWER_GRIEVANCE
            | model.TaskAction.LIST_PROCESSORS as blank
        ):
            progress = BLANK_PROGRESS[blank]()
        case model.TaskAction.SEAL_INVOICES:
            progress = _decode_seal(cursor)
        case model.TaskAction.KEEP_CONSENTS:
            events = tuple(model.ConsentEvent(**row) for row in json.loads(cursor or "[]"))
            progress = model.ConsentProgress(events=events, sha256=detail.get("sha256", ""))
        case model.TaskAction.STOP_MARKETING:
            progress = decode_stop(cursor, detail)
        case model.TaskAction.ERASE_CONSENT_DATA:
            progress = decode_consent_data(detail)
        case model.TaskAction.REQUEST_PLATFORM_ERASURE:
            progress = model.PlatformRequestProgress(
                reason=detail.get("reason"),
                held_by=tuple(detail.get(HELD_BY_KEY, ())),
                prechecks=tuple(model.PrecheckResult(**each) for each in detail.get("guards", ())),
                released_codes=tuple(detail.get("released", ())),
            )
        case model.TaskAction.REMOVE_PLATFORM_RESIDUE:
            progress = model.ResidueProgress(**{name: detail.get(key) for name, key in RESIDUE_KEYS.items()})
        case model.TaskAction.ERASE:
            is_of_shop = kind is model.RequestKind.SHOP_ERASURE
            progress = _decode_shop_erase(cursor, detail) if is_of_shop else _decode_erase(cursor, detail)
        case model.TaskAction.POLL_PLATFORM_ERASURE:
            decision, wait_until = detail.get("decision"), detail.get("wait_until")
            progress = model.PollProgress(
                reason=detail.get("reason"),
                decision=model.Outcome(decision) if decision else None,
                wait_until=datetime.fromisoformat(wait_until) if wait_until else None,
            )
        case model.TaskAction.NOTIFY_PROCESSOR:
            progress = _decode_notice(cursor, detail)
        case model.TaskAction.CORRECT | model.TaskAction.RESTRICT | model.TaskAction.WEIGH_OBJECTION:
            progress = decode_rights_progress(action, detail)
        case model.TaskAction.RECORD_NOMINATION | model.TaskAction.ADMIT_NOMINEE | model.TaskAction.REPORT_INCIDENT:
            progress = decode_desk_progress(action, detail)
        case _:
            assert_never(action)
    return progress


def _decode_gather(cursor: str, detail: Mapping[str, Any]) -> model.GatherProgress:
    requested = detail.get("waybills")
    if not cursor.startswith(PARCELS_PREFIX):
        return model.GatherProgress(cursor=cursor, requested_parcels=requested)
    rows = json.loads(cursor.removeprefix(PARCELS_PREFIX))
    return model.GatherProgress(parcels=tuple(model.Waybill(**row) for row in rows), requested_parcels=requested)


def _decode_customer_search(cursor: str, detail: Mapping[str, Any]) -> model.CustomerSearchProgress:
    doubts = tuple(
        model.DoubtedCustomer(
            id=row["id"], found_by=tuple(map(tuple, row["found_by"])), reason=row["reason"], beside=row["beside"]
        )
        for row in (json.loads(cursor) if cursor else ())
    )
    return model.CustomerSearchProgress(
        customers=detail.get("customers", 0), left_out=detail.get("left_out", 0), doubts=doubts
    )


def _decode_seal(cursor: str) -> model.SealProgress:
    if not cursor:
        return model.SealProgress()
    row = json.loads(cursor)
    never_invoiced, missing_copies = frozenset(row["none"]), frozenset(row["missing"])
    search = model.InvoiceSearchResult(
        never_invoiced=never_invoiced, missing_copies=missing_copies, is_complete=row["whole"]
    )
    return model.SealProgress(search=search)


def _decode_erase(cursor: str, detail: Mapping[str, Any]) -> model.EraseProgress:
    kept = json.loads(cursor) if cursor else []
    removed = {table: count for table, count in detail.items() if table != HELD_BY_KEY}
    held_by = tuple(detail.get(HELD_BY_KEY, ()))
    if isinstance(kept, list):
        return model.EraseProgress(removed_rows=removed, excluded_order_ids=tuple(kept), held_by=held_by)
    unfinished_rows, unfinished_items = kept.get("unfinished", ({}, {}))
    return model.EraseProgress(
        removed_rows=removed,
        held_by=held_by,
        excluded_order_ids=tuple(kept["orders"]),
        is_customer_kept=kept.get("customer", True),
        began_at=datetime.fromisoformat(kept["began_at"]) if kept["began_at"] else None,
        unfinished_rows=unfinished_rows,
        unfinished_items=unfinished_items,
    )


def _decode_shop_erase(cursor: str, detail: Mapping[str, Any]) -> model.ShopEraseProgress:
    stopped, unfinished = detail.get(STOPPED_AT_KEY), json.loads(cursor) if cursor else {}
    values = {name: detail[key] for name, key in REMAINING_KEYS.items() if key in detail}
    if "until" in values:
        values["until"] = date.fromisoformat(values["until"])
    if "grounds" in values:
        values["grounds"] = tuple(values["grounds"])
    return model.ShopEraseProgress(
        removed_rows={
            table: count
            for table, count in detail.items()
            if table != STOPPED_AT_KEY and not table.startswith(REMAINING_PREFIX)
        },
        remaining=model.RemainingShopData(**values),
        unfinished_rows=unfinished.get("rows", {}),
        unfinished_decision=unfinished.get("decision", ""),
        stopped_at=datetime.fromisoformat(stopped) if stopped else None,
    )


def _decode_notice(cursor: str, detail: Mapping[str, Any]) -> model.NoticeProgress:
    report = model.NoticeReport(
        items=detail.get("entries", 0),
        answers=detail.get("answers", {}),
        waiting=tuple(detail.get("waits", ())),
        retained=tuple(detail.get("kept", ())),
        read_back=detail.get("read_back", {}),
        notices=tuple(detail.get("notices", ())),
    )
    listed = json.loads(cursor) if cursor else ()
    return model.NoticeProgress(
        report=report if detail else None,
        listed_waybills=tuple(model.ListedWaybill(waybill=row["waybill"], order=row["order"]) for row in listed),
    )
