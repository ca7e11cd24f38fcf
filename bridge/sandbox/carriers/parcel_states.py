"""Where the parcels of one stand-in are: as the world made them, and as somebody moved them on since.

Thread-safe. Knows no wire format. Moments of moves are given or the world's `now`: no clock is read.
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
REMITTED_AFTER: Final = timedelta(days=10)  # cash reaches the merchant


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelState:
    """One parcel now. `forgotten`: its person was erased here, and is shown blank.

    `untracked`: tracking alone forgot her, and the papers did not.
    """

    parcel: Parcel
    status: str
    at: datetime
    remitted: bool = False
    forgotten: bool = False
    untracked: bool = False

    @property
    def delivered_at(self) -> datetime | None:
        """When it was handed over; None while it was not."""
        return self.at if self.status == "delivered" else None


class ParcelStates:
    """The parcels a stand-in knows, by waybill."""

    def __init__(
        self, world: World, parcels: Iterable[Parcel], *, return_after: timedelta | None = None
    ) -> None:
        """Take the world's parcels; undelivered for longer than `returned_after` they went back."""
        self._now, self._return_after = world.now, return_after
        self._initial_states = {
            parcel.waybill: self._derive_initial_state(world, parcel) for parcel in parcels
        }
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
        """One parcel; None where this stand-in never had it."""
        return self._changed_states.get(number) or self._initial_states.get(number)

    def change_state(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Move a parcel on: `waybill`, and any of `status`, `at`, `remitted`, `forget_consignee`, `forget_in_tracking`."""
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
        """Put every parcel back to where the world has it."""
        with self._lock:
            self._changed_states.clear()
