"""The state of each parcel of one stand-in: as the world made it, and as control calls changed it since.

It is thread-safe and knows no wire format. It reads no clock: times are given, or are the world's `now`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.sandbox.world.models import World
    from bridge.sandbox.world.shipments import Parcel

STATUSES: Final = (
    "booked",
    "in_transit",
    "out_for_delivery",
    "delivered",
    "returning",
    "returned",
    "cancelled",
    "lost",
)
REMITTED_AFTER: Final = timedelta(days=10)  # time until the cash is paid out to the merchant


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelState:
    """The current state of one parcel. `forgotten`: the consignee was erased and is shown empty.

    `untracked`: tracking shows no consignee, but the documents still do.
    """

    parcel: Parcel
    status: str
    at: datetime
    remitted: bool = False
    forgotten: bool = False
    untracked: bool = False

    @property
    def delivered_at(self) -> datetime | None:
        """Return the time of delivery; None if the parcel is not delivered."""
        return self.at if self.status == "delivered" else None


class ParcelStates:
    """The parcels of a stand-in, by waybill."""

    def __init__(self, world: World, parcels: Iterable[Parcel], *, return_after: timedelta | None = None) -> None:
        """Take the parcels of the world. A parcel undelivered for longer than `returned_after` is returned."""
        self._now, self._return_after = world.now, return_after
        self._initial_states = {parcel.waybill: self._derive_initial_state(world, parcel) for parcel in parcels}
        self._changed_states: dict[str, ParcelState] = {}
        self._lock = threading.Lock()

    def _derive_initial_state(self, world: World, parcel: Parcel) -> ParcelState:
        if world.get_order(parcel.order_id).cancelled:
            return ParcelState(parcel=parcel, status="cancelled", at=parcel.shipped_at)
        if parcel.delivered_at:
            remitted = bool(parcel.cod_amount) and self._now - parcel.delivered_at > REMITTED_AFTER
            return ParcelState(parcel=parcel, status="delivered", at=parcel.delivered_at, remitted=remitted)
        if self._return_after and self._now - parcel.shipped_at > self._return_after:
            return ParcelState(parcel=parcel, status="returned", at=parcel.shipped_at + self._return_after)
        return ParcelState(parcel=parcel, status="in_transit", at=parcel.shipped_at)

    def find_state(self, number: str) -> ParcelState | None:
        """Return the state of one parcel; None if this stand-in never had it."""
        return self._changed_states.get(number) or self._initial_states.get(number)

    def change_state(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Change a parcel: `waybill`, and any of `status`, `at`, `remitted`, `forget_consignee`, `forget_in_tracking`."""
        with self._lock:
            found = self.find_state(str(change.get("waybill", "")))
            status = str(change.get("status", found.status if found else ""))
            if found is None or status not in STATUSES:
                return {"ok": False, "error": "no such parcel" if found is None else "no such status"}
            at = found.at if status == found.status else self._now
            if "at" in change:
                at = datetime.fromisoformat(str(change["at"]))
            self._changed_states[found.parcel.waybill] = replace(
                found,
                status=status,
                at=at,
                remitted=bool(change.get("remitted", found.remitted)),
                forgotten=bool(change.get("forget_consignee", found.forgotten)),
                untracked=bool(change.get("forget_in_tracking", found.untracked)),
            )
        return {"ok": True}

    def reset(self) -> None:
        """Restore the state of every parcel from the world."""
        with self._lock:
            self._changed_states.clear()
