"""Asks Delhivery what it holds of a parcel: status, scans, consignee.

Reads only; it never creates, edits or cancels (an edit is refused after dispatch and a cancellation turns the
parcel round), never asks about a parcel another carrier had, and never takes "not found" for "erased".
Delhivery has no call that erases.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors import shipment, tracking
from bridge.connectors.delhivery_answers import body_of, judge, shipments
from bridge.connectors.http import Dialect, Http
from bridge.connectors.shipment import batches, finding, mine
from bridge.errors import BridgeError, ConnectorThrottled, CredentialRejected
from bridge.model import Absence, Check, Finding, Gap, Page, Principal, Tracked, Waybill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BATCH = 50
UNSET = "DELHIVERY_TOKEN is not set"
NO_SUCH_WAYBILL = "00000000000000"
# `verbose` stands in no document. Seen on the air: 0 leaves out scans and consignee, 2 gives both.
BARE, WHOLE = "0", "2"
DIALECT = Dialect(
    also={HTTPStatus.FORBIDDEN: ConnectorThrottled},  # the firewall: 750 questions in five minutes are enough
    reads=frozenset({HTTPStatus.BAD_REQUEST}),  # an unknown waybill is 400 in the portal and 200 on the air
    judge=judge,
    least_wait_s={HTTPStatus.FORBIDDEN: 30.0},
)


class Delhivery:
    """Delhivery's B2C API. One token is one client account."""

    system = "delhivery"

    def __init__(self, *, base_url: str, token: str, http: Http | None = None) -> None:
        """Take the account's address and token; an empty token asks nothing."""
        self._url = base_url.rstrip("/") + "/api/v1/packages/json/"
        self._token = token
        self.configured = bool(token)
        self._http = http or Http(self.system)

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether a token is set, Delhivery answers and takes the token. Never raises."""
        if not self._token:
            return [Check(name="delhivery.configured", ok=False, detail=UNSET)]
        reached, taken, words = True, True, "accepted"
        try:
            self._ask([NO_SUCH_WAYBILL], BARE)
        except CredentialRejected as fault:
            taken, words = False, str(fault)
        except BridgeError as fault:
            reached, words = False, str(fault)
        return [
            Check(name="delhivery.configured", ok=True, detail="token is set"),
            Check(name="delhivery.reachable", ok=reached, detail="answers" if reached else words),
            Check(name="delhivery.token", ok=taken if reached else None, detail=words),
        ]

    def gather(
        self,
        who: Principal,  # noqa: ARG002 - Delhivery finds by waybill only
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[Page]:
        """Yield what Delhivery knows of each of its parcels, fifty a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = mine(self.system, parcels)
        if not self._token:
            if own and not cursor:
                what = shipment.waybills(len(own))
                gap = Gap(system=self.system, absence=Absence.NOT_CONFIGURED, what=what, reason="no_token")
                yield Page(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in batches(self.system, own, size=BATCH, cursor=cursor):
            yield Page(findings=self._findings(batch.parcels), cursor=str(batch.done), gaps=batch.gaps)

    def track(self, numbers: Sequence[str], *, consignees: bool = False) -> Iterator[Sequence[Tracked]]:
        """See ports.Tracker. Without `consignees` the question itself leaves the person out."""
        if not self._token:
            raise CredentialRejected(f"delhivery: {UNSET}")

        def ask(part: Sequence[str]) -> Mapping[str, Tracked]:
            told = self._told(part, WHOLE if consignees else BARE)
            bodies = {one: body_of(tracking.parcel(one, self.system), row) for one, row in told.items()}
            return {one: tracking.tracked(body, consignees=consignees) for one, body in bodies.items()}

        yield from tracking.track(numbers, size=BATCH, ask=ask)

    def _findings(self, parcels: Sequence[Waybill]) -> tuple[Finding, ...]:
        told = self._told([shipment.spelt(parcel.number) for parcel in parcels], WHOLE)
        found = []
        for parcel in parcels:
            answer = told.get(shipment.spelt(parcel.number))
            found.append(
                shipment.not_found(parcel, ambiguous=False) if answer is None else body_of(parcel, answer)
            )
        return tuple(finding(parcel, body) for parcel, body in zip(parcels, found, strict=True))

    def _told(self, numbers: Sequence[str], verbose: str) -> dict[str, dict[str, Any]]:
        """What it tells, by number; those it does not know are missing."""
        if not numbers:
            return {}
        told = self._ask(numbers, verbose)
        if told is None and len(numbers) > 1:
            # Refused as a whole: whether one unknown number spoils a batch is not written anywhere.
            return {key: row for number in numbers for key, row in self._told([number], verbose).items()}
        answers = {shipment.spelt(str(one.get("AWB", ""))): one for one in told or ()}
        return {number: answers[number] for number in numbers if number in answers}

    def _ask(self, numbers: Sequence[str], verbose: str) -> list[dict[str, Any]] | None:
        """Return the shipments it tells of, unknown ones missing; None where it says it knows none."""
        answer = self._http.call(
            "GET",
            self._url,
            params={"waybill": ",".join(numbers), "verbose": verbose},
            headers={"Authorization": f"Token {self._token}", "Accept": "application/json"},
            dialect=DIALECT,
        )
        return shipments(answer.status, answer.content)
