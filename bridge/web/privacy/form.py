"""Parses the forms of the public page, and evaluates them: what was asked for, or a fault for each wrong field.

Raises nothing but FormInvalid, whatever bytes arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from bridge.errors import FormInvalid, PayloadInvalid
from bridge.model import Language, PageSubmission, RequestDetails, RequestKind
from bridge.rules.index.identity import is_readable_identifier, list_normal_forms
from bridge.rules.requests.particulars import CORRECTABLE_FIELDS, parse_particulars
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.web.notices.form import clean_form_text

MAX_PAGE_FORM_BYTES = 150_000  # 10,000 letters of Hindi take nine bytes each in a form
MAX_PAGE_FORM_FIELDS = 40
MAX_SHORT_CHARS = 320
MAX_ORDER_CHARS = 40
SEVERAL_VALUES = ("purposes", "channels")
PARTICULAR_FIELDS: Mapping[RequestKind, tuple[str, ...]] = {
    RequestKind.CORRECTION: ("proof",),
    RequestKind.RESTRICTION: ("ground",),
    RequestKind.OBJECTION: ("purposes", "grounds"),
    RequestKind.CONSENT_WITHDRAWAL: ("channels",),
    RequestKind.NOMINATION: ("name", "contact", "relation"),
    RequestKind.GRIEVANCE: ("text",),
}
# in the order of the page; other kinds are not asked for by the person whose data it is
PAGE_KINDS = (
    RequestKind.ACCESS,
    RequestKind.CORRECTION,
    RequestKind.ERASURE,
    RequestKind.RESTRICTION,
    RequestKind.OBJECTION,
    RequestKind.CONSENT_WITHDRAWAL,
    RequestKind.NOMINATION,
    RequestKind.GRIEVANCE,
    RequestKind.PROCESSOR_LIST,
)


@dataclass(frozen=True, slots=True)
class PageFault:
    """What is wrong with one field: `code` names the text."""

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class PageForm:
    """The fields of a form as they were sent; without arguments an empty form."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return the one value of a field, '' where it was not sent."""
        return next(iter(self.fields.get(name, ())), "")

    def has(self, name: str, value: str) -> bool:
        """Return whether a value of a field was chosen."""
        return value in self.fields.get(name, ())

    @property
    def kind(self) -> RequestKind | None:
        """The kind of request that is asked for; None where it is none of the page's."""
        return next((kind for kind in PAGE_KINDS if kind == self.get("kind")), None)


def parse_page_form(raw: bytes) -> PageForm:
    """Parse a body. Raises FormInvalid: too many fields, a field twice that has one value, not UTF-8."""
    try:
        fields = parse_qs(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PAGE_FORM_FIELDS, errors="strict"
        )
    except ValueError:
        raise FormInvalid from None
    if any(len(values) != 1 and name not in SEVERAL_VALUES for name, values in fields.items()):
        raise FormInvalid
    return PageForm({name: [clean_form_text(value) for value in values] for name, values in fields.items()})


def evaluate_page_form(
    form: PageForm, kind: RequestKind, *, language: Language, shops: Sequence[str], now: datetime
) -> tuple[PageSubmission | None, list[PageFault]]:
    """Return what was asked for, or all faults. `shops` are those that can be chosen; none: any shop is accepted."""
    faults = [PageFault(name, code) for name, code in _find_reach_faults(form)]
    shop = shops[0] if len(shops) == 1 else form.get("shop")
    if shop not in shops if shops else not is_shop_domain(shop):
        faults.insert(0, PageFault("shop", "shop_unknown"))
    particulars = None
    try:
        particulars = parse_particulars(kind, _collect_particulars(form, kind))
    except PayloadInvalid as fault:
        faults.append(PageFault(_find_first_input(fault.reason.rpartition("_")[0]), fault.reason))
    if faults:
        return None, faults
    submission = PageSubmission(
        id="",
        shop=shop,
        kind=kind,
        email=form.get("email"),
        language=language,
        created_at=now,
        phone=form.get("phone"),
        order=form.get("order"),
        details=RequestDetails(particulars=particulars),
    )
    return submission, []


def _find_reach_faults(form: PageForm) -> list[tuple[str, str]]:
    email, phone, order = form.get("email"), form.get("phone"), form.get("order")
    faults = []
    if not email:
        faults.append(("email", "email_missing"))
    elif len(email) > MAX_SHORT_CHARS or not _is_one_address(email):
        faults.append(("email", "email_unreadable"))
    if phone and (len(phone) > MAX_SHORT_CHARS or not is_readable_identifier("phone", phone)):
        faults.append(("phone", "phone_unreadable"))
    if len(order) > MAX_ORDER_CHARS or (order and not any(sign.isdigit() for sign in order)):
        faults.append(("order", "order_unreadable"))
    return faults


def _is_one_address(email: str) -> bool:
    """Return whether this is one address that a letter can be sent to: no name, no list."""
    readable = is_readable_identifier("email", email) and len(list_normal_forms("email", email)) == 1
    return readable and not any(sign.isspace() or sign in ',;<>"' for sign in email)


def _collect_particulars(form: PageForm, kind: RequestKind) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: list(form.fields.get(name, ())) if name in SEVERAL_VALUES else form.get(name)
        for name in PARTICULAR_FIELDS.get(kind, ())
    }
    if kind is RequestKind.CORRECTION:
        rows = ((name, form.get(f"old-{name}"), form.get(f"new-{name}")) for name in CORRECTABLE_FIELDS)
        given["changes"] = [{"field": name, "old": old, "new": new} for name, old, new in rows if old or new]
    return given


def _find_first_input(name: str) -> str:
    """Return the id of the input at which the summary leads to a field with several."""
    return f"new-{CORRECTABLE_FIELDS[0]}" if name == "changes" else name
