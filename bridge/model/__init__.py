"""The nouns: what is received, asked, found, held and proven.

Frozen values and closed sets only; nothing here reads a clock, a table or the network.
Moments are aware UTC, ids are strings with a prefix (`dlv_`, `req_`, `tsk_`, `ntc_`, `ent_`,
`doc_`, `clm_`, `rfd_`, `rev_`).
"""

from bridge.model.deliveries import Delivery, DeliveryState
from bridge.model.evidence import Event, Fact, SignedHead
from bridge.model.findings import Absence, Check, ErasureState, Finding, Gap, Outcome, Owed, Page, Residue
from bridge.model.holding import (
    Deed,
    Document,
    DocumentForm,
    DocumentKind,
    LawFile,
    LegalClaim,
    Paper,
    Planned,
    Proceeding,
    Review,
)
from bridge.model.leaving import Decision, Leaving
from bridge.model.ledger import Destroyed, Erasure, Head, Tombstone
from bridge.model.notices import Answer, Entry, Letter, Names, Notice, NoticeState, Said, Via
from bridge.model.parcels import MERCHANT, KnownOrder, ParcelStatus, Tracked, Waybill
from bridge.model.refunds import BankDetails, PaymentReference, RefundAccount, RefundState, Settlement
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
from bridge.model.sales import Place, Sale, SoldLine, Tax

__all__ = [
    "MERCHANT",
    "Absence",
    "Action",
    "Answer",
    "BankDetails",
    "Check",
    "Clocks",
    "Decision",
    "Deed",
    "Delivery",
    "DeliveryState",
    "Destroyed",
    "Document",
    "DocumentForm",
    "DocumentKind",
    "Entry",
    "Erasure",
    "ErasureState",
    "Event",
    "Fact",
    "Finding",
    "Gap",
    "Head",
    "Kind",
    "KnownOrder",
    "LawFile",
    "Leaving",
    "LegalClaim",
    "Letter",
    "Names",
    "Notice",
    "NoticeState",
    "Outcome",
    "Owed",
    "Page",
    "Paper",
    "ParcelStatus",
    "PaymentReference",
    "Place",
    "Planned",
    "Principal",
    "PrivacyRequest",
    "Proceeding",
    "RefundAccount",
    "RefundState",
    "RequestState",
    "Residue",
    "Review",
    "Said",
    "Sale",
    "Settlement",
    "SignedHead",
    "SoldLine",
    "Source",
    "Task",
    "TaskState",
    "Tax",
    "Tombstone",
    "Tracked",
    "Via",
    "Waybill",
]
