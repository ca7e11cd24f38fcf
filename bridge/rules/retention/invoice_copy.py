"""Decide what a statutory copy states, and when it names the buyer: CGST Rules rr.46, 53 as named rules.

Pure. The State of the buyer always: for goods to an unregistered buyer it is the place of supply (IGST Act
s.10(1)(ca) with its Explanation). Name and address only where a rule wants them. Never e-mail, phone, note,
engraving, tag or coordinate: no rule asks for those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from bridge.model import DocumentForm, DocumentKind, InvoiceCopy, PostalAddress, Sale
from config.retention_file.retention_model import VaultRules

INVOICE_COPY_SCHEMA = "statutory-copy/1"
HOME_COUNTRY = "IN"
BUYER_NAMED_FROM_INR = Decimal(50_000)  # r.46(e): "fifty thousand rupees or more", of taxable value
_GSTIN_SEPARATORS = re.compile(r"[\s-]")
GSTIN_PATTERN = re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]")
TAXABLE_VALUE_UNKNOWN = "taxable_value_unknown"
KEPT_BY_SETTING = "kept_by_setting"
# Shopify's code of a State, and the code that GST returns use (two digits)
GST_STATE_CODES = {
    "JK": "01", "HP": "02", "PB": "03", "CH": "04", "UK": "05", "UT": "05", "HR": "06", "DL": "07", "RJ": "08",
    "UP": "09", "BR": "10", "SK": "11", "AR": "12", "NL": "13", "MN": "14", "MZ": "15", "TR": "16", "ML": "17",
    "AS": "18", "WB": "19", "JH": "20", "OR": "21", "OD": "21", "CG": "22", "CT": "22", "MP": "23", "GJ": "24",
    "DN": "26", "DD": "26", "DH": "26", "MH": "27", "KA": "29", "GA": "30", "LD": "31", "KL": "32", "TN": "33",
    "PY": "34", "AN": "35", "TS": "36", "TG": "36", "AP": "37", "LA": "38",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplier:
    """The merchant as the invoice names it."""

    name: str
    address: str = ""
    gstin: str = ""
    state_code: str = ""


def compute_taxable_value(sale: Sale) -> Decimal | None:
    """Return what tax is computed on, in rupees: the total without tax and tip. None where it cannot be read."""
    if sale.currency != "INR" or sale.total is None or sale.tax is None:
        return None
    return sale.total - sale.tax - sale.tip


def find_buyer_gstin(sale: Sale) -> str:
    """Return the buyer's GSTIN where an attribute of the order or the company's name holds one, in any spelling."""
    texts = [*(value for _, value in sale.attributes), sale.billing.company, sale.delivery.company]
    spellings = (spelling for text in texts for spelling in (_GSTIN_SEPARATORS.sub("", text.upper()), text.upper()))
    return next((match.group() for each in spellings if (match := GSTIN_PATTERN.search(each))), "")


def list_missing_particulars(sale: Sale) -> list[str]:
    """Return, as codes, what a copy of this sale would lack although the law wants it: it came too late."""
    destination = _get_supply_address(sale)
    wanted = list_buyer_name_reasons(sale, tuple(BUYER_NAME_CONDITIONS), VaultRules())
    is_buyer_named = bool(sale.billing.name or sale.billing.company) and bool(sale.billing.lines)
    missing = {
        "state": _is_domestic(destination) and not (destination.state or destination.state_code),
        "buyer": wanted and not is_buyer_named,
        "lines": not sale.is_complete,
    }
    return [code for code, is_missing in missing.items() if is_missing]


def _is_export(sale: Sale, _: VaultRules) -> bool:
    """Return True for an export (rule 46, export proviso: any value)."""
    country = sale.delivery.country_code or sale.billing.country_code
    return bool(country) and country != HOME_COUNTRY


def _is_buyer_name_requested(sale: Sale, rules: VaultRules) -> bool:
    requesting_names = {name.casefold() for name in rules.asked_for_by}
    given_names = {name.strip().casefold() for name, value in sale.attributes if value.strip()}
    return bool(requesting_names & given_names)


# The names that a category may list under `name_address_required_if_any`.
BUYER_NAME_CONDITIONS: Mapping[str, Callable[[Sale, VaultRules], bool]] = {
    "is_export": _is_export,
    "taxable_value_at_least_50000_inr": lambda sale, _: (compute_taxable_value(sale) or 0) >= BUYER_NAMED_FROM_INR,
    "recipient_requested": _is_buyer_name_requested,
    "recipient_has_gstin": lambda sale, _: bool(find_buyer_gstin(sale)),
}


def list_buyer_name_reasons(sale: Sale, conditions: tuple[str, ...], rules: VaultRules) -> tuple[str, ...]:
    """Return why the copy names the buyer, as codes; empty means that it must not.

    `conditions` are the category's names. A value that nobody can read names the buyer, since a copy cannot be
    corrected later. An unknown condition does so too.
    """
    reasons = [
        name for name in conditions if name not in BUYER_NAME_CONDITIONS or BUYER_NAME_CONDITIONS[name](sale, rules)
    ]
    if compute_taxable_value(sale) is None:
        reasons.append(TAXABLE_VALUE_UNKNOWN)
    return (*reasons, *([KEPT_BY_SETTING] if rules.keep_identity else []))


def build_invoice_copy(sale: Sale, supplier: Supplier, conditions: tuple[str, ...], rules: VaultRules) -> InvoiceCopy:
    """Return the statutory minimum of a sale, or of what was paid back of it, ready to be sealed.

    A credit note (r.53) names nobody: it refers to its invoice, which names the buyer where it must.
    """
    particulars = _build_figures(sale, supplier, rules)
    kind, named = DocumentKind.INVOICE, list_buyer_name_reasons(sale, conditions, rules)
    if sale.refund_id:
        kind, named = DocumentKind.CREDIT_NOTE, ()
        particulars |= {"against": sale.number or sale.order_id, "refund": sale.refund_id}
    else:
        particulars |= {
            "named_because": list(named),
            "place_of_supply": _build_place_of_supply(sale),
            "lacks": list_missing_particulars(sale),
        }
        if named:
            particulars["buyer"] = {
                "gstin": find_buyer_gstin(sale),
                "billed_to": _format_postal_address(sale.billing),
                "delivered_to": _format_postal_address(sale.delivery),
            }
    content = {"schema": INVOICE_COPY_SCHEMA, "kind": kind, "form": DocumentForm.MINIMUM, **particulars}
    return InvoiceCopy(
        kind=kind,
        form=DocumentForm.MINIMUM,
        order_id=sale.order_id,
        source_id=sale.refund_id or sale.order_id,
        issued_at=sale.issued_at,
        content=json.dumps(content, sort_keys=True, ensure_ascii=False).encode(),
        names_buyer=bool(named) and bool(sale.billing.name or sale.delivery.name),
        country=sale.delivery.country_code or sale.billing.country_code,
    )


def _build_figures(sale: Sale, supplier: Supplier, rules: VaultRules) -> dict[str, Any]:
    """Return the figures of rule 46(a)-(c), (g)-(m). The day of issue stands beside the copy: it may move later."""
    value = compute_taxable_value(sale)
    return {
        "number": sale.number,
        "supplier": asdict(supplier),
        "currency": sale.currency,
        "lines": [{"hsn": rules.hsn, **asdict(line)} for line in sale.lines],
        "shipping": sale.shipping,
        "taxes": [asdict(tax) for tax in sale.taxes],
        "taxable_value": None if value is None else f"{value:.2f}",
        "tax_amount": None if sale.tax is None else f"{sale.tax:.2f}",
        "total": None if sale.total is None else f"{sale.total:.2f}",
        "paid_by": list(sale.gateways),
    }


def _build_place_of_supply(sale: Sale) -> dict[str, str]:
    """Return where the goods went (r.46(n)): the delivery address, else the billing address."""
    destination = _get_supply_address(sale)
    return {
        "state": destination.state,
        "state_code": destination.state_code,
        "gst_state_code": GST_STATE_CODES.get(destination.state_code, "") if _is_domestic(destination) else "",
        "country_code": destination.country_code,
    }


def _get_supply_address(sale: Sale) -> PostalAddress:
    return sale.delivery if sale.delivery.country_code or sale.delivery.state_code else sale.billing


def _is_domestic(address: PostalAddress) -> bool:
    return address.country_code in ("", HOME_COUNTRY)


def _format_postal_address(address: PostalAddress) -> dict[str, Any]:
    return {name: value for name, value in asdict(address).items() if value}
