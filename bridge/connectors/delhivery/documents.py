"""Parses Delhivery's answers about packing slips, documents and cancellations. Sends nothing.

Never stores a link to a document: it opens the document for anybody.
https://one.delhivery.com/developer-portal/document/b2c/detail/generate-shipping-label
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.connectors.delhivery.answers import UNREADABLE_DELHIVERY_ANSWER, raise_for_delhivery_error
from bridge.connectors.http import HttpResponse
from bridge.connectors.parsing import (
    AnswerUnreadable,
    contains_link,
    dict_or_empty,
    list_objects,
    parse_json,
    parse_xml,
)
from bridge.connectors.shipment import (
    list_text_lines,
    number_or_text,
    read_shipment_texts,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import ConnectorRefused
from bridge.rules.index.attribution import normalise_waybill

DELHIVERY_DOCUMENT_KINDS: Mapping[str, str] = {
    "SIGNATURE_URL": "signature of whoever took the parcel in",
    "EPOD": "proof of delivery",
    "RVP_QC_IMAGE": "picture of a thing that was sent back, at pick-up",
    "SELLER_RETURN_IMAGE": "picture of a thing that was sent back, at the seller's",
}
SLIP_MAPPED_FIELDS = frozenset(
    {"wbn", "oid", "name", "address", "contact", "pin", "destination", "destination_city", "customer_state", "st"}
    | {"cod", "rs", "pt", "prd", "consignee_gst_tin"}
)
# Data of the sender and the sorting centre, not of the consignee: left out. Any other unmapped field is kept raw.
SLIP_NON_PERSONAL_FIELDS = frozenset(
    {"snm", "sadd", "radd", "rcty", "rst", "rpin", "rph", "cl", "cl_logo", "seller_gst_tin", "sort_code", "barcode"}
    | {"oid_barcode", "weight", "mot", "pdd", "pdf_download_link", "origin", "origin_city"}
)


def parse_packing_slip(status: int, content: bytes, number: str) -> dict[str, Any] | None:
    """Return the packing slip of one parcel; None if there is none.

    Raises AnswerUnreadable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
    """
    response = parse_json(content)
    rows = dict_or_empty(response).get("packages")
    if not isinstance(rows, list):
        raise_for_delhivery_error(status, response)
        return None
    slips = [row for row in list_objects(rows) if normalise_waybill(str(row.get("wbn", ""))) == number]
    return _build_packing_slip(slips[0]) if slips else None


def _build_packing_slip(row: dict[str, Any]) -> dict[str, Any]:
    skipped = SLIP_MAPPED_FIELDS | SLIP_NON_PERSONAL_FIELDS
    return {
        **read_shipment_texts(row.get, name="name", pin="pin", gstin="consignee_gst_tin"),
        **read_shipment_texts(row.get, order_reference="oid", payment="pt", product="prd"),
        "address_lines": list_text_lines(row.get("address")),
        "city": text_or_none(row.get("destination_city")) or text_or_none(row.get("destination")),
        "state": text_or_none(row.get("customer_state")) or text_or_none(row.get("st")),
        "phones": split_phone_numbers(row.get("contact")),
        "cod_amount": number_or_text(row.get("cod")),
        "invoice_value": number_or_text(row.get("rs")),
        "raw_unrecognised": {
            key: value
            for key, value in row.items()
            if key not in skipped and value not in (None, "", []) and not contains_link(value)
        },
    }


def merge_packing_slip(shipment_record: dict[str, Any], packing_slip: dict[str, Any] | None) -> None:
    """Add a slip to a parcel's record as `packing_slip`, and fill the fields that tracking leaves blank."""
    shipment_record["packing_slip"] = packing_slip
    if packing_slip is None:
        return
    consignee = shipment_record["consignee"] or dict.fromkeys(("name", "city", "state", "pin", "country"))
    fields = ("name", "address_lines", "city", "state", "pin", "phones")
    shipment_record["consignee"] = consignee | {field: consignee.get(field) or packing_slip[field] for field in fields}


def list_possible_documents() -> list[dict[str, Any]]:
    """Return the documents that Delhivery may have of any parcel; not fetched, because they may show somebody else."""
    return [
        {"kind": kind, "what": what, "held": None, "fetched": False, "why": "may_show_another_person"}
        for kind, what in DELHIVERY_DOCUMENT_KINDS.items()
    ]


def is_document_available(answer: HttpResponse) -> bool:
    """Return whether a document exists; its content is not read. Raises as `parse_packing_slip`.

    No page says how a document is delivered: a link in JSON, a redirect and the file itself all mean that it exists.
    """
    media_type = answer.headers.get("content-type", "")
    if answer.status == HTTPStatus.FOUND or media_type.startswith(("image/", "application/pdf")):
        return True
    response = parse_json(answer.content)
    fields = dict_or_empty(response)
    if fields.get("success") is False and "message" in fields:
        return False  # "Invalid waybill passed": none of this kind, or no such parcel
    if fields.get("success") is True or contains_link(fields):
        return True
    raise_for_delhivery_error(answer.status, response)
    return False


def verify_delhivery_cancellation(status: int, content: bytes) -> None:
    """Raise unless the answer confirms the cancellation: XML on success, JSON on failure. Raises as `parse_packing_slip`."""
    root = parse_xml(content)
    if root is not None and root.tag == "root":
        text = (root.findtext("status") or "").strip().lower()
        if text == "true":
            return
        raise ConnectorRefused("delhivery: not cancelled")
    response = parse_json(content)
    if not isinstance(response, dict) or "status" not in response:
        raise_for_delhivery_error(status, response)
        raise ConnectorRefused("delhivery: no such waybill")
    text = str(response["status"]).strip().lower()
    if text in ("true", "success"):
        return
    if text in ("false", "failure", "fail", "failed"):
        raise_for_delhivery_error(status, response | {"Success": False})
        raise ConnectorRefused("delhivery: not cancelled")
    raise AnswerUnreadable(UNREADABLE_DELHIVERY_ANSWER)
