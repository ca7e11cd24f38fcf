"""Reads Delhivery's answers about the papers of a parcel, and about its cancellation. Asks nothing.

A link to a document opens it for anybody who has it: none is ever kept.
https://one.delhivery.com/developer-portal/document/b2c/detail/generate-shipping-label
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.delhivery.answers import say_no
from bridge.connectors.parsing import json_of, linked, xml_of
from bridge.connectors.shipment import lines, phones, text
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from bridge.connectors.http import Answer

DOCUMENTS: Mapping[str, str] = {
    "SIGNATURE_URL": "signature of whoever took the parcel in",
    "EPOD": "proof of delivery",
    "RVP_QC_IMAGE": "picture of a thing that was sent back, at pick-up",
    "SELLER_RETURN_IMAGE": "picture of a thing that was sent back, at the seller's",
}
READ = frozenset(
    {"wbn", "oid", "name", "address", "contact", "pin", "destination", "destination_city", "customer_state"}
    | {"st", "cod", "rs", "pt", "prd", "consignee_gst_tin"}
)
# The sender's own and the sorter's: nothing of the person. Everything else that is unforeseen is kept raw.
NOT_OF_THE_PERSON = frozenset(
    {"snm", "sadd", "radd", "rcty", "rst", "rpin", "rph", "cl", "cl_logo", "seller_gst_tin", "sort_code"}
    | {"barcode", "oid_barcode", "weight", "mot", "pdd", "pdf_download_link", "origin", "origin_city"}
)


def slip(status: int, content: bytes, number: str) -> dict[str, Any] | None:
    """Read the packing slip of one parcel; None where there is none.

    Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
    """
    told = json_of(content)
    rows = told.get("packages") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        say_no(status, told)
        return None
    known = [row for row in rows if isinstance(row, dict) and spelt(str(row.get("wbn", ""))) == number]
    return _worded(known[0]) if known else None


def _worded(row: dict[str, Any]) -> dict[str, Any]:
    skipped = READ | NOT_OF_THE_PERSON
    return {
        "name": text(row.get("name")),
        "address_lines": lines(row.get("address")),
        "city": text(row.get("destination_city")) or text(row.get("destination")),
        "state": text(row.get("customer_state")) or text(row.get("st")),
        "pin": text(row.get("pin")),
        "phones": phones(row.get("contact")),
        "gstin": text(row.get("consignee_gst_tin")),
        "order_reference": text(row.get("oid")),
        "payment": text(row.get("pt")),
        "cod_amount": row.get("cod"),
        "invoice_value": row.get("rs"),
        "product": text(row.get("prd")),
        "raw_unrecognised": {
            key: value
            for key, value in row.items()
            if key not in skipped and value not in (None, "", []) and not linked(value)
        },
    }


def with_slip(body: dict[str, Any], told: dict[str, Any] | None) -> None:
    """Put a slip into a parcel's record: whole under its name, and where tracking leaves the person blank."""
    body["packing_slip"] = told
    if told is None:
        return
    person = body["consignee"] or dict.fromkeys(("name", "city", "state", "pin", "country"))
    fields = ("name", "address_lines", "city", "state", "pin", "phones")
    body["consignee"] = person | {field: person.get(field) or told[field] for field in fields}


def documents() -> list[dict[str, Any]]:
    """List what Delhivery may hold of any parcel and we did not fetch: it may show somebody else."""
    return [
        {"kind": kind, "what": what, "held": None, "fetched": False, "why": "may_show_another_person"}
        for kind, what in DOCUMENTS.items()
    ]


def held(answer: Answer) -> bool:
    """Tell whether a document is there, and nothing of it. Raises as `slip`.

    How one is handed out is not written: a link in JSON, a redirect or the file itself all say that it is there.
    """
    if answer.status == HTTPStatus.FOUND or answer.headers.get("content-type", "").startswith(
        ("image/", "application/pdf")
    ):
        return True
    told = json_of(answer.content)
    if isinstance(told, dict) and told.get("success") is False and "message" in told:
        return False  # "Invalid waybill passed": none of this kind, or no such parcel
    if isinstance(told, dict) and (told.get("success") is True or linked(told)):
        return True
    say_no(answer.status, told)
    return False


def cancelled(status: int, content: bytes) -> None:
    """Read whether it cancelled: XML where it did, JSON where it did not. Raises ConnectorRefused, else as `slip`."""
    root = xml_of(content)
    if root is not None and root.tag == "root":
        said = (root.findtext("status") or "").strip().lower()
        if said == "true":
            return
        raise ConnectorRefused("delhivery: not cancelled")
    told = json_of(content)
    if not isinstance(told, dict) or "status" not in told:
        say_no(status, told)
        raise ConnectorRefused("delhivery: no such waybill")
    said = str(told["status"]).strip().lower()
    if said in ("true", "success"):
        return
    if said in ("false", "failure", "fail", "failed"):
        say_no(status, told | {"Success": False})
        raise ConnectorRefused("delhivery: not cancelled")
    raise ConnectorUnavailable("delhivery: unreadable answer")
