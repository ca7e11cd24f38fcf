"""Maps Shiprocket's statuses and fields to ours. https://apidocs.shiprocket.in/ (tracking; order details)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.connectors.parsing import dict_or_empty
from bridge.connectors.shipment import text_or_none
from bridge.model import ParcelStatus
from bridge.rules.index.attribution import normalise_waybill

_CODES_BY_STATUS: Mapping[ParcelStatus, Mapping[int, str]] = {
    ParcelStatus.BOOKED: {
        1: "awb assigned",
        2: "label generated",
        3: "pickup scheduled",
        4: "pickup queued",
        5: "manifest generated",
        13: "pickup error",
        15: "pickup rescheduled",
        16: "cancellation requested",  # requested, not done
        19: "out for pickup",
        20: "pickup exception",
        27: "pickup booked",
        52: "shipment booked",
        59: "box packing",
        60: "fc allocated",
        61: "picklist generated",
        62: "ready to pack",
        63: "packed",
        67: "fc manifest generated",
        72: "packed exception",
    },
    ParcelStatus.IN_TRANSIT: {
        6: "shipped",
        11: "pending",
        18: "in transit",
        21: "undelivered",
        22: "delayed",
        23: "partial delivered",
        38: "reached at destination hub",
        39: "misrouted",
        42: "picked up",
        48: "reached warehouse",
        51: "handover to courier",
        71: "handover exception",
        76: "untraceable",
        77: "issue related to the recipient",
    },
    ParcelStatus.OUT_FOR_DELIVERY: {17: "out for delivery"},
    ParcelStatus.DELIVERED: {7: "delivered", 26: "fulfilled", 43: "self fulfilled"},
    ParcelStatus.RETURNING: {
        9: "rto initiated",
        14: "rto acknowledged",
        40: "rto ndr",
        41: "rto ofd",
        46: "rto in transit",
        75: "rto lock",
        78: "reached back at seller city",
    },
    ParcelStatus.RETURNED: {10: "rto delivered"},
    ParcelStatus.CANCELLED: {8: "canceled", 45: "cancelled before dispatched"},
    ParcelStatus.LOST: {12: "lost", 24: "destroyed", 25: "damaged", 44: "disposed off"},
}
SHIPROCKET_STATUS_CODES: Mapping[int, ParcelStatus] = {
    code: status for status, texts_by_code in _CODES_BY_STATUS.items() for code in texts_by_code
}
SHIPROCKET_STATUS_TEXTS: Mapping[str, ParcelStatus] = {
    **{text: status for status, texts_by_code in _CODES_BY_STATUS.items() for text in texts_by_code.values()},
    "cancelled": ParcelStatus.CANCELLED,
    "pickup generated": ParcelStatus.BOOKED,
    "reached at destination": ParcelStatus.IN_TRANSIT,
}
# No page lists the values of `remittance_status`; these were observed. A bank reference means the same.
REMITTED_WORDS = frozenset({"remitted", "paid", "success", "successful", "completed", "settled", "processed"})
SHIPROCKET_DATE_FIELDS: Mapping[str, str] = {
    "pickup_date": "picked_up_at",
    "delivered_date": "delivered_at",
    "edd": "expected_at",
}
# Keys of an order that the record contains under our names.
SHIPROCKET_MAPPED_FIELDS = frozenset(
    {"id", "channel_order_id", "payment_method", "cod", "total", "others", "shipments", "products"}
    | {"return_pickup_data", "refund_detail", "customer_gstin", "company_name"}
    | {"remittance_status", "remittance_utr", "remittance_date"}
    | {f"customer_{part}" for part in ("name", "email", "phone", "alternate_phone", "address", "address_2")}
    | {f"customer_{part}" for part in ("city", "state", "pincode", "country")}
    | {f"billing_{part}" for part in ("name", "last_name", "email", "phone", "alternate_phone", "address")}
    | {f"billing_{part}" for part in ("address_2", "city", "state_name", "state", "pincode", "country_name")}
)
# Bookkeeping of the account and the order, not data of the consignee: left out. Any other field is kept raw.
SHIPROCKET_NON_PERSONAL_FIELDS = frozenset(
    {"channel_id", "channel_name", "base_channel_code", "is_international", "is_document", "pickup_code"}
    | {"pickup_location", "pickup_location_id", "pickup_id", "ship_type", "courier_mode", "currency", "country_code"}
    | {"exchange_rate_usd", "exchange_rate_inr", "state_code", "payment_status", "delivery_code", "total_inr"}
    | {"total_usd", "net_total", "other_charges", "other_discounts", "giftwrap_charges", "expedited", "sla", "tax"}
    | {"total_kerala_cess", "discount", "status", "sub_status", "status_code", "master_status", "purpose_of_shipment"}
    | {"channel_created_at", "created_at", "order_date", "updated_at", "invoice_no", "awb_data", "order_insurance"}
    | {"company_logo", "allow_return", "is_return", "is_incomplete", "errors", "payment_code", "coupon_is_visible"}
    | {"coupons", "billing_mobile_country_code", "isd_code", "billing_state_id", "billing_country_id"}
    | {"freight_description", "shipping_is_billing", "allow_channel_order_sync", "uib-tooltip-text", "api_order_id"}
    | {"allow_multiship", "other_sub_orders", "is_order_verified", "extra_info", "dup", "is_blackbox_seller"}
    | {"shipping_method", "pickup_address", "eway_bill_number", "eway_bill_url", "eway_required", "irn_no", "engage"}
    | {"seller_can_edit", "seller_can_cancell", "is_post_ship_status", "qc_status", "qc_reason", "qc_image"}
    | {"product_qc", "courier_qc_image", "seller_request", "change_payment_mode", "etd_date", "out_for_delivery_date"}
    | {"delivered_date", "insurance_excluded", "can_edit_dimension", "shipping_bill", "shipping_bill_number"}
    | {"quick_pick", "rto_prediction", "last_mile_awb", "exchange_awb", "exchange_status", "shipping_title"}
)
# Shiprocket states a parcel at several levels, which do not agree while one of them is late: the most final one counts.
STATUSES_BY_FINALITY = (
    ParcelStatus.BOOKED,
    ParcelStatus.IN_TRANSIT,
    ParcelStatus.OUT_FOR_DELIVERY,
    ParcelStatus.RETURNING,
    ParcelStatus.CANCELLED,
    ParcelStatus.LOST,
    ParcelStatus.DELIVERED,
    ParcelStatus.RETURNED,
)
CANCELLED_ERROR = re.compile(r"(?<!not )(?<!not been )(?<!not be )\bcancell?ed\b")
NO_CODE = ("", "0")


def read_parcel_status(
    tracking_data: Mapping[str, Any], number: str, unrecognised: dict[str, Any]
) -> ParcelStatus | None:
    """Return the most final status that the tracking states of the parcel at any of its levels.

    None if it states none (not scanned yet). A stated one that is in no table is UNKNOWN, and added to `unrecognised`.
    """
    rows = [row for row in _list_tracking_rows(tracking_data) if _read_awb(row) in ("", number)]
    levels = [(tracking_data.get("shipment_status"), None)]
    levels += [(row.get("shipment_status"), row.get("current_status")) for row in rows]
    stated = {status for code, label in levels for status in (_map_code(code), _map_label(label)) if status}
    if CANCELLED_ERROR.search((text_or_none(tracking_data.get("error")) or "").lower()):
        stated.add(ParcelStatus.CANCELLED)
    if stated:
        return max(stated, key=STATUSES_BY_FINALITY.index)
    codes = [code for code in (text_or_none(level[0]) or "" for level in levels) if code not in NO_CODE]
    labels = [label for label in (text_or_none(level[1]) for level in levels) if label]
    if not codes and not labels:
        return None
    unrecognised.setdefault("statuses", []).append([next(iter(codes), ""), next(iter(labels), None)])
    return ParcelStatus.UNKNOWN


def map_shiprocket_status(code: object, label: object) -> ParcelStatus:
    """Return the status by its code, else by its text, else UNKNOWN."""
    return _map_code(code) or _map_label(label) or ParcelStatus.UNKNOWN


def read_tracking_row(tracking_data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the parcel, which is in a list of one; {} if it is missing or blank."""
    rows = (
        row for row in _list_tracking_rows(tracking_data) if _read_awb(row) or text_or_none(row.get("current_status"))
    )
    return next(rows, {})


def _list_tracking_rows(tracking_data: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = tracking_data.get("shipment_track")
    return [dict_or_empty(row) for row in (rows if isinstance(rows, list) else [rows])]


def _read_awb(row: Mapping[str, Any]) -> str:
    return normalise_waybill(text_or_none(row.get("awb_code")) or "")


def _map_code(code: object) -> ParcelStatus | None:
    number = (text_or_none(code) or "").removesuffix(".0")
    return SHIPROCKET_STATUS_CODES.get(int(number)) if re.fullmatch("[0-9]{1,9}", number) else None


def _map_label(label: object) -> ParcelStatus | None:
    return SHIPROCKET_STATUS_TEXTS.get(re.sub(r"[^a-z]+", " ", (text_or_none(label) or "").lower()).strip())
