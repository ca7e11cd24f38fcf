"""Reads Delhivery's answers about the papers of a parcel, and about its cancellation. Asks nothing.

A link to a document opens it for anybody who has it: none is ever kept.
https://one.delhivery.com/developer-portal/document/b2c/detail/generate-shipping-label
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.delhivery.answers import raise_for_delhivery_error
from bridge.connectors.parsing import contains_link, parse_json, parse_xml
from bridge.connectors.shipment import list_text_lines, split_phone_numbers, text_or_none
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from bridge.connectors.http import HttpResponse

DELHIVERY_DOCUMENT_KINDS: Mapping[str, str] = {
    "SIGNATURE_URL": "signature of whoever took the parcel in",
    "EPOD": "proof of delivery",
    "RVP_QC_IMAGE": "picture of a thing that was sent back, at pick-up",
    "SELLER_RETURN_IMAGE": "picture of a thing that was sent back, at the seller's",
}
SLIP_MAPPED_FIELDS = frozenset(
    {"wbn", "oid", "name", "address", "contact", "pin", "destination", "destination_city", "customer_state"}
    | {"st", "cod", "rs", "pt", "prd", "consignee_gst_tin"}
)
# The sender's own and the sorter's: nothing of the person. Everything else that is unforeseen is kept raw.
SLIP_NON_PERSONAL_FIELDS = frozenset(
    {"snm", "sadd", "radd", "rcty", "rst", "rpin", "rph", "cl", "cl_logo", "seller_gst_tin", "sort_code"}
    | {"barcode", "oid_barcode", "weight", "mot", "pdd", "pdf_download_link", "origin", "origin_city"}
)


def parse_packing_slip(status: int, content: bytes, number: str) -> dict[str, Any] | None:
    """Read the packing slip of one parcel; None where there is none.

    Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
    """
    told = parse_json(content)
    rows = told.get("packages") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise_for_delhivery_error(status, told)
        return None
    known = [
        row for row in rows if isinstance(row, dict) and normalise_waybill(str(row.get("wbn", ""))) == number
    ]
    return _build_packing_slip(known[0]) if known else None


def _build_packing_slip(row: dict[str, Any]) -> dict[str, Any]:
    skipped = SLIP_MAPPED_FIELDS | SLIP_NON_PERSONAL_FIELDS
    return {
        "name": text_or_none(row.get("name")),
        "address_lines": list_text_lines(row.get("address")),
        "city": text_or_none(row.get("destination_city")) or text_or_none(row.get("destination")),
        "state": text_or_none(row.get("customer_state")) or text_or_none(row.get("st")),
        "pin": text_or_none(row.get("pin")),
        "phones": split_phone_numbers(row.get("contact")),
        "gstin": text_or_none(row.get("consignee_gst_tin")),
        "order_reference": text_or_none(row.get("oid")),
        "payment": text_or_none(row.get("pt")),
        "cod_amount": row.get("cod"),
        "invoice_value": row.get("rs"),
        "product": text_or_none(row.get("prd")),
        "raw_unrecognised": {
            key: value
            for key, value in row.items()
            if key not in skipped and value not in (None, "", []) and not contains_link(value)
        },
    }


def merge_packing_slip(shipment_record: dict[str, Any], packing_slip: dict[str, Any] | None) -> None:
    """Put a slip into a parcel's record: whole under its name, and where tracking leaves the person blank."""
    shipment_record["packing_slip"] = packing_slip
    if packing_slip is None:
        return
    person = shipment_record["consignee"] or dict.fromkeys(("name", "city", "state", "pin", "country"))
    fields = ("name", "address_lines", "city", "state", "pin", "phones")
    shipment_record["consignee"] = person | {
        field: person.get(field) or packing_slip[field] for field in fields
    }


def list_possible_documents() -> list[dict[str, Any]]:
    """List what Delhivery may hold of any parcel and we did not fetch: it may show somebody else."""
    return [
        {"kind": kind, "what": what, "held": None, "fetched": False, "why": "may_show_another_person"}
        for kind, what in DELHIVERY_DOCUMENT_KINDS.items()
    ]


def is_document_available(answer: HttpResponse) -> bool:
    """Tell whether a document is there, and nothing of it. Raises as `slip`.

    How one is handed out is not written: a link in JSON, a redirect or the file itself all say that it is there.
    """
    if answer.status == HTTPStatus.FOUND or answer.headers.get("content-type", "").startswith(
        ("image/", "application/pdf")
    ):
        return True
    told = parse_json(answer.content)
    if isinstance(told, dict) and told.get("success") is False and "message" in told:
        return False  # "Invalid waybill passed": none of this kind, or no such parcel
    if isinstance(told, dict) and (told.get("success") is True or contains_link(told)):
        return True
    raise_for_delhivery_error(answer.status, told)
    return False


def verify_delhivery_cancellation(status: int, content: bytes) -> None:
    """Read whether it cancelled: XML where it did, JSON where it did not. Raises ConnectorRefused, else as `slip`."""
    root = parse_xml(content)
    if root is not None and root.tag == "root":
        said = (root.findtext("status") or "").strip().lower()
        if said == "true":
            return
        raise ConnectorRefused("delhivery: not cancelled")
    told = parse_json(content)
    if not isinstance(told, dict) or "status" not in told:
        raise_for_delhivery_error(status, told)
        raise ConnectorRefused("delhivery: no such waybill")
    said = str(told["status"]).strip().lower()
    if said in ("true", "success"):
        return
    if said in ("false", "failure", "fail", "failed"):
        raise_for_delhivery_error(status, told | {"Success": False})
        raise ConnectorRefused("delhivery: not cancelled")
    raise ConnectorUnavailable("delhivery: unreadable answer")
