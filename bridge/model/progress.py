"""How far one task is: what a step must remember between two runs, one class for each action.

Values only. What of it rests sealed and what rests as JSON, `bridge.rules.requests.progress_codec` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bridge.model.desk.progress import IncidentProgress, NominationProgress, NomineeProgress
from bridge.model.desk.rights import CorrectionProgress, ObjectionProgress, RestrictionProgress
from bridge.model.findings import DoubtedCustomer, Outcome
from bridge.model.holding import ConsentEvent, PlanLine
from bridge.model.parcels import Waybill


@dataclass(frozen=True, kw_only=True, slots=True)
class GatherProgress:
    """How far one system was read for an access request.

    `cursor` is the connector's position after the last page that was saved. `parcels` are those that the index and
    the platform's finished pages name; None until the platform was read to its end. `requested_parcels` counts the
    waybills that a carrier was asked about; None until the carrier's task is done.
    """

    cursor: str = ""
    parcels: tuple[Waybill, ...] | None = None
    requested_parcels: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerSearchProgress:
    """How many customers of a platform are the data subject, and those that an operator must decide about.

    `left_out` counts those that an operator decided to be somebody else.
    """

    customers: int = 0
    left_out: int = 0
    doubts: tuple[DoubtedCustomer, ...] = ()


@dataclass(frozen=True, slots=True)
class LocateProgress:
    """Asking a platform for unreported parcels is one call: nothing is remembered between two runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceSearchResult:
    """Which orders have no invoice copy after the last search, by order id.

    `never_invoiced` were neither paid nor sent, `missing_copies` were invoiced and have no sealed copy.
    `is_complete` is False where the platform could not say which orders there are.
    """

    never_invoiced: frozenset[str] = frozenset()
    missing_copies: frozenset[str] = frozenset()
    is_complete: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SealProgress:
    """What the last search for invoice copies found; None before the first search."""

    search: InvoiceSearchResult | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentProgress:
    """The consents that were read at a platform, for proof; `sha256` is that of their canonical JSON, '' for none."""

    events: tuple[ConsentEvent, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopMarketingProgress:
    """Which consents were taken back: since when nobody is written to, on which channels.

    `events` are the consents that stood at the platform before, for proof, with keyed hashes in place of contacts; `sha256`
    is that of their canonical JSON, '' for none. `stopped_at` is None before the first run.
    """

    stopped_at: datetime | None = None
    channels: tuple[str, ...] = ()
    events: tuple[ConsentEvent, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentDataProgress:
    """What a withdrawal did with the data that rest on the consent alone, in lines of a plan: fields and counts.

    `begun` are those that the last run set out to remove: it may have broken off after it removed some. `standing` are the
    channels of consents that still allow what stays, `held_by` the holds of the retention file that keep some of it. `discloses`:
    the letter about it goes to the very address that the data belong to, so that it may say what there was.
    """

    lines: tuple[PlanLine, ...] = ()
    begun: tuple[PlanLine, ...] = ()
    standing: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    discloses: bool = False


@dataclass(frozen=True, slots=True)
class GrievanceProgress:
    """Whether a grievance is answered stands in the details of its request: nothing is remembered between two runs."""


@dataclass(frozen=True, slots=True)
class ProcessorListProgress:
    """A list of processors is one letter: nothing is remembered between two runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EraseProgress:
    """What all runs of an erasure removed, by table, and the orders that stay: a copy is missing, or a law keeps them.

    `is_customer_kept`: the customer stays, too, until no law keeps anything. `began_at` is when the first run was, where
    another one follows: what came later is a new contract. `held_by` are the holds of the retention file that keep the rest now.
    `unfinished_rows` is what a run removed so far that is not at its end, and `unfinished_items` what notice items it
    opened, by processor: it takes several transactions.
    """

    removed_rows: Mapping[str, int] = field(default_factory=dict)
    excluded_order_ids: tuple[str, ...] = ()
    is_customer_kept: bool = False
    began_at: datetime | None = None
    held_by: tuple[str, ...] = ()
    unfinished_rows: Mapping[str, int] = field(default_factory=dict)
    unfinished_items: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_ended_run(self) -> bool:
        """True after a run that removed rows or excluded any."""
        return bool(self.removed_rows or self.excluded_order_ids or self.is_customer_kept)

    @property
    def has_begun(self) -> bool:
        """True after a run that removed rows or excluded any, and in the midst of the first one."""
        return self.has_ended_run or bool(self.unfinished_rows or self.unfinished_items)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemainingShopData:
    """What the erasure of a shop must keep: sealed documents with their grounds and last day, and counts of rows."""

    documents: int = 0
    grounds: tuple[str, ...] = ()
    until: date | None = None
    legal_holds: int = 0
    refund_accounts: int = 0

    def __bool__(self) -> bool:
        """Return whether anything is kept."""
        return self != RemainingShopData()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopEraseProgress:
    """What all runs removed of a shop, what must stay, and when the erasure was stopped for a decision.

    `unfinished_rows` is what a run removed so far that is not at its end, and `unfinished_decision` what it carries out:
    it takes several transactions, and deletes what was decided by.
    """

    removed_rows: Mapping[str, int] = field(default_factory=dict)
    remaining: RemainingShopData = RemainingShopData()
    stopped_at: datetime | None = None
    unfinished_rows: Mapping[str, int] = field(default_factory=dict)
    unfinished_decision: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrecheckResult:
    """One check before a platform is asked to erase: the count, None where it is unreadable, and whether it blocks.

    `reason` is a code: why it blocks, or why it does not.
    """

    code: str
    count: int | None
    stops: bool
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformRequestProgress:
    """What a platform answered to the request for erasure, and the prechecks before it.

    `reason` is the platform's code, None while it was not asked. `released_codes` are the prechecks that an operator
    released, `held_by` the holds of the retention file that the request waits for.
    """

    reason: str | None = None
    held_by: tuple[str, ...] = ()
    prechecks: tuple[PrecheckResult, ...] = ()
    released_codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PollProgress:
    """The code of a platform's last answer about its own erasure; None before the first.

    A person who was asked because no confirmation came decided how the task ends (`decision`), or until when the
    platform is polled again (`wait_until`).
    """

    reason: str | None = None
    decision: Outcome | None = None
    wait_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidueProgress:
    """What other apps wrote at a platform, counted; None where a run did not come to count it.

    A run that breaks off leaves `erased` by the runs before it, `to_remove` and `found` when it began; a finished
    one says what it `erased`, `retained` by the retention file, `skipped` for an order on its way, found
    `still_present` after the removal and `quarantined` because no category covers it.
    """

    reason: str | None = None
    erased: int | None = None
    to_remove: int | None = None
    found: int | None = None
    retained: int | None = None
    skipped: int | None = None
    still_present: int | None = None
    quarantined: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeReport:
    """Where the notice items of one processor stand, in the lines that a certificate prints: JSON without a person."""

    items: int
    answers: Mapping[str, int]
    waiting: tuple[Mapping[str, Any], ...]
    retained: tuple[Mapping[str, Any], ...]
    read_back: Mapping[str, int]
    notices: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedWaybill:
    """A waybill and the name of its order, as the first release listed them before there were notice items."""

    waybill: str
    order: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeProgress:
    """Where a processor's notice items stand; `listed_waybills` of the first release become items on the next run."""

    report: NoticeReport | None = None
    listed_waybills: tuple[ListedWaybill, ...] = ()


def add_row_counts(before: Mapping[str, int], removed: Mapping[str, int]) -> dict[str, int]:
    """Return what the runs so far and one more removed together, by table."""
    counts = Counter(before)
    counts.update(removed)
    return dict(counts)


Progress = (
    GatherProgress
    | CustomerSearchProgress
    | LocateProgress
    | SealProgress
    | ConsentProgress
    | StopMarketingProgress
    | ConsentDataProgress
    | GrievanceProgress
    | ProcessorListProgress
    | EraseProgress
    | ShopEraseProgress
    | PlatformRequestProgress
    | PollProgress
    | ResidueProgress
    | NoticeProgress
    | CorrectionProgress
    | RestrictionProgress
    | ObjectionProgress
    | NominationProgress
    | NomineeProgress
    | IncidentProgress
)
