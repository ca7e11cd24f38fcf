"""The nouns: what is received, requested, found, retained and proven.

Frozen values and closed sets only; nothing here reads a clock, a table or the network. Times are aware UTC, ids are
strings with a prefix (`dlv_`, `req_`, `tsk_`, `ntc_`, `ent_`, `doc_`, `clm_`, `rfd_`, `rev_`).
"""

from bridge.model.deliveries import Delivery, DeliveryState
from bridge.model.evidence import Event, Fact, SignedHead, SignedTimestamp
from bridge.model.findings import (
    Absence,
    Balance,
    CheckResult,
    ErasureState,
    Finding,
    FindingPage,
    Gap,
    Outcome,
    Residue,
)
from bridge.model.holding import (
    AcceptedPolicy,
    Document,
    DocumentForm,
    DocumentKind,
    ErasureAction,
    InvoiceCopy,
    LegalHold,
    PlanLine,
    Proceeding,
    Review,
    ShopOrderKey,
)
from bridge.model.leases import Lease
from bridge.model.leaving import ShopExit, ShopExitDecision
from bridge.model.ledger import Destruction, ErasureRecord, LedgerHead, Tombstone
from bridge.model.notices import (
    AnswerRow,
    Letter,
    Notice,
    NoticeChannel,
    NoticeItem,
    NoticeState,
    ProcessorAnswer,
    ReferenceKind,
)
from bridge.model.parcels import MERCHANT_ACCOUNT, IndexedOrder, ParcelStatus, TrackingResult, Waybill
from bridge.model.refunds import BankDetails, PaymentReference, RefundAccount, RefundState, Settlement
from bridge.model.requests import (
    Deadlines,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.model.sales import PostalAddress, Sale, SaleLine, SaleTax

__all__ = [
    "MERCHANT_ACCOUNT",
    "Absence",
    "AcceptedPolicy",
    "AnswerRow",
    "Balance",
    "BankDetails",
    "CheckResult",
    "Deadlines",
    "Delivery",
    "DeliveryState",
    "Destruction",
    "Document",
    "DocumentForm",
    "DocumentKind",
    "ErasureAction",
    "ErasureRecord",
    "ErasureState",
    "Event",
    "Fact",
    "Finding",
    "FindingPage",
    "Gap",
    "IndexedOrder",
    "InvoiceCopy",
    "Lease",
    "LedgerHead",
    "LegalHold",
    "Letter",
    "Notice",
    "NoticeChannel",
    "NoticeItem",
    "NoticeState",
    "Outcome",
    "ParcelStatus",
    "PaymentReference",
    "PlanLine",
    "PostalAddress",
    "Principal",
    "PrivacyRequest",
    "Proceeding",
    "ProcessorAnswer",
    "ReferenceKind",
    "RefundAccount",
    "RefundState",
    "RequestKind",
    "RequestSource",
    "RequestState",
    "Residue",
    "Review",
    "Sale",
    "SaleLine",
    "SaleTax",
    "Settlement",
    "ShopExit",
    "ShopExitDecision",
    "ShopOrderKey",
    "SignedHead",
    "SignedTimestamp",
    "Task",
    "TaskAction",
    "TaskState",
    "Tombstone",
    "TrackingResult",
    "Waybill",
]
