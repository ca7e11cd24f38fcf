"""The nouns: what is received, asked, found, held and proven.

Frozen values and closed sets only; nothing here reads a clock, a table or the network.
Moments are aware UTC, ids are strings with a prefix (`dlv_`, `req_`, `tsk_`, `ntc_`, `ent_`,
`doc_`, `clm_`, `rfd_`, `rev_`).
"""

from bridge.model.deliveries import Delivery, DeliveryState
from bridge.model.evidence import Event, Fact
from bridge.model.findings import Absence, Check, ErasureState, Finding, Gap, Outcome, Page, Residue
from bridge.model.holding import (
    Deed,
    Document,
    DocumentForm,
    DocumentKind,
    LawFile,
    LegalClaim,
    Paper,
    Planned,
    Review,
)
from bridge.model.notices import Answer, Entry, Letter, Names, Notice, NoticeState, Said, Via
from bridge.model.parcels import MERCHANT, KnownOrder, ParcelStatus, Tracked, Waybill
from bridge.model.requests import (
    Action,
    Clocks,
    Kind,
    Principal,
    PrivacyRequest,
    RequestState,
    Source,
    Task,
    TaskState,
)

__all__ = [
    "MERCHANT",
    "Absence",
    "Action",
    "Answer",
    "Check",
    "Clocks",
    "Deed",
    "Delivery",
    "DeliveryState",
    "Document",
    "DocumentForm",
    "DocumentKind",
    "Entry",
    "ErasureState",
    "Event",
    "Fact",
    "Finding",
    "Gap",
    "Kind",
    "KnownOrder",
    "LawFile",
    "LegalClaim",
    "Letter",
    "Names",
    "Notice",
    "NoticeState",
    "Outcome",
    "Page",
    "Paper",
    "ParcelStatus",
    "Planned",
    "Principal",
    "PrivacyRequest",
    "RequestState",
    "Residue",
    "Review",
    "Said",
    "Source",
    "Task",
    "TaskState",
    "Tracked",
    "Via",
    "Waybill",
]
