"""Certificates of invented erasures, made by the rule that makes the real ones, and what an outcome says of them."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bridge.model import (
    Document,
    DocumentForm,
    DocumentKind,
    EraseProgress,
    Event,
    Fact,
    NoticeProgress,
    NoticeReport,
    NoticeState,
    Outcome,
    PollProgress,
    RequestKind,
    RequestSource,
    Task,
    TaskAction,
    TaskState,
)
from bridge.rules.erasure.certificate import build_certificate
from bridge.rules.erasure.plan import ErasureInputs, build_erasure_plan, plan_other_records
from bridge.rules.erasure.plan_lines import serialise_plan
from bridge.rules.requests.lifecycle import assess_request_status
from bridge.steps.erasure.outcome import OutcomeInput, render_erasure_outcome
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.factories import NOW, SHOP, make_request, make_task

_SHIPPED = load_merchant(MERCHANT_FILE)
OFFICER = replace(_SHIPPED.officer, name="Devi Nowhere", designation="Grievance Officer", phone="+91 562 400 0000")
MERCHANT = replace(_SHIPPED, legal_name="Mini Miss & Co LLP", policy_last_updated="1 May 2026", officer=OFFICER)
RETENTION = load_retention(RETENTION_FILE)
DECIDED = replace(
    RETENTION, merchant={**RETENTION.merchant, "legal_entity_type": "proprietorship"}, reviewed_on=date(2026, 11, 1)
)
REQUEST = make_request(kind=RequestKind.ERASURE)
BY_HAND = replace(REQUEST, source=RequestSource.OPERATOR)
DAY, ZONE = timedelta(days=1), ZoneInfo(MERCHANT.clocks.timezone)


def make_erase_task(**rows: int) -> Task:
    return make_task(
        REQUEST.id,
        "bridge",
        TaskAction.ERASE,
        state=TaskState.DONE,
        outcome=Outcome.ERASED if rows else Outcome.ABSENT,
        records=sum(rows.values()),
        finished_at=NOW,
        progress=EraseProgress(removed_rows=rows),
    )


def make_poll_task(**given: Any) -> Task:
    """Shopify's own erasure, still waited for."""
    usual = {
        "state": TaskState.WAITING,
        "attempts": 1,
        "outcome": Outcome.UNCONFIRMED,
        "expected_by": NOW + 180 * DAY,
        "progress": PollProgress(reason="readable"),
    }
    return make_task(REQUEST.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, **(usual | given))


def make_ask_task(**given: Any) -> Task:
    """Shopify was asked a day before the poll."""
    usual = {"state": TaskState.DONE, "outcome": Outcome.UNCONFIRMED, "attempts": 1, "finished_at": NOW - DAY}
    return make_task(REQUEST.id, "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, **(usual | given))


def make_letter(**given: Any) -> dict[str, Any]:
    """One notice as a report lists it, sent ten days ago."""
    usual = {
        "id": "ntc_1",
        "state": NoticeState.SENT.value,
        "via": "email",
        "reminders": 0,
        "answered_via": "",
        "sent_at": (NOW - 10 * DAY).isoformat(),
        "due_at": (NOW + 5 * DAY).isoformat(),
        "answered_at": None,
    }
    return usual | given


def make_notice_task(processor: str, *, asked: int = 0, **report: Any) -> Task:
    """A processor's task whose report has `asked` unanswered items besides those of its answers and waits."""
    values = {"answers": {}, "waiting": (), "retained": (), "read_back": {}, "notices": ()} | report
    items = asked + sum(values["answers"].values()) + sum(group["entries"] for group in values["waiting"])
    is_open = asked or values["waiting"]
    return make_task(
        REQUEST.id,
        processor,
        TaskAction.NOTIFY_PROCESSOR,
        state=TaskState.WAITING if is_open else TaskState.DONE,
        outcome=Outcome.UNCONFIRMED if is_open else Outcome.ERASED,
        records=items,
        expected_by=NOW + 5 * DAY if asked else None,
        progress=NoticeProgress(report=NoticeReport(items=items, **values)),
    )


def make_document(order: str, **given: Any) -> Document:
    issued = datetime(2026, 5, 9, tzinfo=UTC)
    usual = {
        "id": f"doc_{order}",
        "shop": SHOP,
        "kind": DocumentKind.INVOICE,
        "form": DocumentForm.MINIMUM,
        "media_type": "application/json",
        "order_key": order,
        "digest": "digest",
        "issued_at": issued,
        "sealed_at": issued,
    }
    return Document(**(usual | given))


def make_plan(retention: Any = DECIDED, **rows: int) -> dict[str, Any]:
    inputs = ErasureInputs(
        rows=rows,
        orders_without_invoice_copy=0,
        documents={},
        legal_holds={},
        held_rows=(),
        processor_records=(),
        platform_retention={},
        refunds=[],
        legally_held_refund_ids=(),
        opened_by_operator=False,
    )
    others = plan_other_records(inputs, retention=retention, now=NOW)
    lines = serialise_plan(build_erasure_plan(inputs, others, retention=retention, now=NOW))
    return {"made_at": NOW.isoformat(), "lines": lines, "changed": []}


def certify(*tasks: Task, documents: Any = (), request: Any = REQUEST, now: datetime = NOW, **given: Any) -> Any:
    """Return a certificate as it is read back from the store."""
    usual = {
        "facts": (),
        "legal_holds": {},
        "remaining_data": (),
        "plan": None,
        "merchant": MERCHANT,
        "retention": DECIDED,
        "documents": {document.order_key: [document] for document in documents},
    }
    body = build_certificate(request, tasks, assess_request_status(tasks), now=now, **(usual | given))
    return json.loads(json.dumps(body))


def render(
    certificate: Any, *, request: Any = REQUEST, merchant: Any = MERCHANT, at: datetime = NOW
) -> tuple[str, str]:
    """Return the visible words of the HTML, and of the text, each on one line."""
    pages = render_erasure_outcome(
        OutcomeInput(
            request=request,
            certificate=certificate,
            merchant=merchant,
            retention=DECIDED,
            written_at=at,
            signing_key_fingerprint="ab" * 32,
        )
    )
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", pages[0], flags=re.DOTALL)
    return _join_words(html.unescape(re.sub(r"<[^>]+>", " ", body))), _join_words(pages[1])


def _join_words(text: str) -> str:
    return " ".join(text.split())


def format_day(moment: str | date) -> str:
    """Return a day or a moment of a certificate as a letter of this merchant prints it."""
    day = moment if isinstance(moment, date) else datetime.fromisoformat(moment)
    if isinstance(day, datetime) and day.tzinfo:
        day = day.astimezone(ZONE)
    return f"{day.day} {day:%B %Y}"


_COUNTS = st.integers(1, 2_000)
_DAYS_FROM_NOW = st.integers(1, 4_000)


@st.composite
def notice_tasks(draw: Any) -> list[Task]:
    """Tasks of some processors, each with any mixture of answers, letters and waits."""
    tasks = []
    for number, processor in enumerate(
        draw(st.sets(st.sampled_from(["delhivery", "bluedart", "shiprocket", "unknown"])))
    ):
        answers = draw(st.dictionaries(st.sampled_from(["erased", "not_found", "refused", "retained"]), _COUNTS))
        reasons = draw(
            st.sets(st.sampled_from(["cod_unremitted", "parcel_moving", "no_contact", "new_code", "claim_open"]))
        )
        waiting = tuple(
            {
                "state": "waiting_not_before",
                "reason": reason,
                "entries": draw(_COUNTS),
                "not_before": draw(st.none() | _DAYS_FROM_NOW.map(lambda days: (NOW + days * DAY).isoformat())),
            }
            for reason in sorted(reasons)
        )
        retained = ()
        if kept := answers.get("retained"):
            until = draw(_DAYS_FROM_NOW.map(lambda days: (NOW + days * DAY).date().isoformat()))
            retained = ({"law": "tax", "until": until, "entries": kept},)
        answered = make_letter(answered_at=(NOW - number * DAY).isoformat(), state="completed")
        letters = [make_letter(reminders=draw(st.integers(0, 3)))] + [answered] * bool(answers)
        tasks.append(
            make_notice_task(
                processor,
                asked=draw(st.integers(0, 3)),
                answers=answers,
                waiting=waiting,
                retained=retained,
                notices=tuple(letters),
            )
        )
    return tasks


@st.composite
def certificates(draw: Any) -> Any:
    """Certificates with any counts, sealed documents, answers and states of Shopify's own erasure."""
    rows = draw(st.dictionaries(st.sampled_from(["customers", "orders", "parcels", "findings", "deliveries"]), _COUNTS))
    documents = [
        make_document(
            f"order{number}",
            kind=draw(st.sampled_from(DocumentKind)),
            names_buyer=draw(st.booleans()),
            issued_at=datetime(draw(st.integers(2019, 2026)), 5, 9, tzinfo=UTC),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    polls = [
        make_poll_task(),
        make_poll_task(state=TaskState.DONE, outcome=Outcome.ERASED, finished_at=NOW, expected_by=None),
        make_poll_task(state=TaskState.FAILED, finished_at=NOW, expected_by=None),
        make_poll_task(state=TaskState.DONE, outcome=Outcome.RETAINED, finished_at=NOW, expected_by=None),
    ]
    tasks = [make_erase_task(**rows), draw(st.sampled_from(polls)), *draw(notice_tasks())]
    if draw(st.booleans()):
        tasks.insert(0, make_ask_task())
    plan = draw(st.sampled_from([None, make_plan(), make_plan(customers=1)]))
    erased = make_fact(1, Fact.PRINCIPAL_ERASED, removed=rows)
    passes = [make_pass(2, complete=False), make_pass(3, complete=True)]
    facts = [erased, *passes[: draw(st.integers(0, 2))]]
    return certify(*tasks, documents=documents, plan=plan, facts=facts)


def make_fact(seq: int, fact: Fact, **detail: Any) -> Event:
    """A fact of the request, so many days ago that each has its own day."""
    at = NOW - (10 - seq) * DAY
    return Event(seq=seq, at=at, actor="bridge", fact=fact, shop=SHOP, request_id=REQUEST.id, subject="", detail=detail, prev_hash="")  # fmt: skip


def make_pass(seq: int, *, complete: bool) -> Event:
    """A part of the database was overwritten; all of them if `complete`."""
    return make_fact(
        seq,
        Fact.REMNANTS_OVERWRITTEN,
        parts=["data_keys"],
        complete=complete,
        log_position="",
        log_limit="",
        ring=["k"],
    )
