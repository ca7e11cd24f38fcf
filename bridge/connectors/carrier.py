"""Defines what all connectors of parcels do alike: they check settings and credentials, and gather in batches.

Knows no carrier and sends nothing itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from bridge.connectors import shipment
from bridge.connectors.http import HttpClient
from bridge.errors import BridgeError, ConnectorRefused, CredentialRejected
from bridge.model import Absence, CheckResult, Finding, FindingPage, Gap, Principal, Waybill
from bridge.ports import CallLimits
from bridge.rules.index.attribution import normalise_waybill

# Fifty parcels with all their scans have about a megabyte. Parsed, this much takes at most 100 MB.
MAX_CARRIER_ANSWER_BYTES = 4_194_304

UNSET_FIX = "set its variables, or remove the carrier from the merchant file"
UNREACHED_FIX = "doctor again once it answers, then dsr replay what was answered without it"
REFUSED_FIX = "correct its variables, deploy, then doctor: docs/runbooks/gap-credentials.md"


class CarrierConnector(ABC):
    """A `ports.Connector` with one account for all shops, which finds by waybill number only."""

    system: str
    batch_size: int  # parcels per page of `gather`
    credential_name = "credentials"  # the name of the check
    configured_detail = "all settings are set"
    unconfigured_reason = "no_credentials"

    def __init__(self, settings: Mapping[str, str], http: HttpClient | None) -> None:
        """Take the required settings by name; if one of them is empty, nothing is sent."""
        self._unset_settings = [name for name, value in settings.items() if not value]
        self.configured = not self._unset_settings
        self._http = http or create_carrier_http(self.system)

    @abstractmethod
    def send_probe(self) -> object:
        """Send one request that finds nothing."""

    @abstractmethod
    def build_findings(self, batch: shipment.WaybillBatch) -> tuple[Sequence[Finding], Sequence[Gap]]:
        """Return the records of the batch's parcels. Raises as `gather`."""

    def select_parcels(self, parcels: Sequence[Waybill]) -> list[Waybill]:
        """Return the parcels to request."""
        return shipment.select_own_parcels(self.system, parcels)

    def run_checks(self, shop: str) -> Sequence[CheckResult]:  # noqa: ARG002 - one account, whatever the shop
        """Check that all settings are set and that the system answers and accepts them. Never raises."""
        if self._unset_settings:
            detail = format_unset_settings(self._unset_settings)
            return [CheckResult(name=f"{self.system}.configured", ok=False, detail=detail, fix=UNSET_FIX)]
        reached, accepted, detail = self.check_credentials()
        return [
            CheckResult(name=f"{self.system}.configured", ok=True, detail=self.configured_detail),
            CheckResult(
                name=f"{self.system}.reachable", ok=reached, detail="answers" if reached else detail, fix=UNREACHED_FIX
            ),
            CheckResult(name=f"{self.system}.{self.credential_name}", ok=accepted, detail=detail, fix=REFUSED_FIX),
        ]

    def check_credentials(self) -> tuple[bool, bool | None, str]:
        """Send the probe; return whether it was answered, whether the credentials were accepted (None: unknown), and why."""
        try:
            self.send_probe()
        except CredentialRejected as fault:
            return True, False, str(fault)
        except BridgeError as fault:
            return False, None, str(fault)
        return True, True, "accepted"

    def gather(
        self,
        principal: Principal,  # noqa: ARG002 - a name or a phone would find other people's parcels
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Yield the records of the selected parcels, one batch a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        selected = self.select_parcels(parcels)
        if self._unset_settings:
            if selected and not cursor:  # a gap for the parcels, once
                what = shipment.format_waybill_count(len(selected))
                absence, reason = Absence.NOT_CONFIGURED, self.unconfigured_reason
                gap = Gap(system=self.system, absence=absence, what=what, reason=reason)
                yield FindingPage(findings=(), cursor="0", gaps=(gap,), is_last=True)
            return
        for batch in shipment.split_into_batches(self.system, selected, batch_size=self.batch_size, cursor=cursor):
            findings, gaps = self.build_findings(batch)
            yield FindingPage(
                findings=tuple(findings),
                cursor=str(batch.asked_count),
                gaps=(*batch.gaps, *gaps),
                is_last=batch.is_last,
            )

    def require_settings(self, *, unset: Sequence[str] = ()) -> None:
        """Raise CredentialRejected if a required setting, or one of the `unset` others, is missing."""
        if missing := [*self._unset_settings, *unset]:
            raise CredentialRejected(f"{self.system}: {format_unset_settings(missing)}")

    def require_waybill(self, number: str) -> str:
        """Return the normalised number. Raises ConnectorRefused if it is malformed."""
        normalised = normalise_waybill(number)
        if not shipment.is_valid_waybill_number(normalised):
            raise ConnectorRefused(f"{self.system}: not a waybill")
        return normalised


def create_carrier_http(system: str, limits: CallLimits | None = None) -> HttpClient:
    """Return an HTTP client of one carrier. `limits` are what all workers share."""
    return HttpClient(system, max_answer_bytes=MAX_CARRIER_ANSWER_BYTES, limits=limits)


def format_unset_settings(setting_names: Sequence[str]) -> str:
    """Return `A is not set` or `A, B are not set`."""
    return ", ".join(setting_names) + (" is" if len(setting_names) == 1 else " are") + " not set"
