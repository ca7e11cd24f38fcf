"""Ends the stop of messages to a person who consented again, as a webhook of the platform says.

Only a consent that is newer than the withdrawal is a new one: webhooks come late and in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.model import Fact
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.index.minimise import Sighting

if TYPE_CHECKING:
    from bridge.store import Tx


def end_renewed_stops(shop: str, sightings: Iterable[Sighting], *, tx: Tx) -> list[str]:
    """End the stops that are older than what these sightings say. Return the channels, once for each customer.

    The caller records the facts (`record_renewals`): evidence is every worker's lock.
    """
    ended: list[str] = []
    for sighting in sightings:
        if not sighting.consents:
            continue
        contacts = [("customer", sighting.customer_id)]
        for field in ("email", "phone"):
            contacts += [(field, form) for form in list_normal_forms(field, getattr(sighting, field))]
        ended += tx.marketing_stops.end_stops(shop, contacts, dict(sighting.consents))
    return ended


def record_renewals(shop: str, channels: Iterable[str], tx: Tx) -> None:
    """Record each channel on which somebody consented again."""
    for channel in channels:
        tx.evidence.append_fact(Fact.CONSENT_RENEWED, shop=shop, channel=channel)
