"""Name the reviews about parcels: whether one is the data subject's, and which carrier had it. Pure."""

from __future__ import annotations

from enum import StrEnum

from bridge.rules.index.waybill_formats import normalise_waybill

PARCEL_REVIEW_KIND = "parcel_in_doubt"
CARRIER_REVIEW_KIND = "carrier_in_conflict"
PARCEL_REVIEW_PREFIX = (
    "parcel_review/"  # before the id of an open review: a blocker of a notice item until it is decided
)


class Doubt(StrEnum):
    """Why a parcel may be another person's."""

    CONTRADICTED = "contradicted"
    SUPERSEDED = "superseded"
    UNPROVEN = "unproven"


DOUBT_SENTENCES = {
    Doubt.CONTRADICTED: "the carrier's record names another order and another consignee",
    Doubt.SUPERSEDED: "its fulfilment now lists another number",
    Doubt.UNPROVEN: "its fulfilment was cancelled, and the carrier's record does not show whose it is",
}


class ParcelDecision(StrEnum):
    """What an operator decided: the parcel is the data subject's, or it is not."""

    RELEASED = "released"
    REFUSED = "refused"


def build_parcel_review_key(order_id: str, waybill: str) -> str:
    """Return what makes a review of a parcel the same: one decision holds for one order and number, in every request."""
    return f"{order_id}|{normalise_waybill(waybill)}"
