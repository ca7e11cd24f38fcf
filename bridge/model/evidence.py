"""The vocabulary of facts, a row of the evidence as it is read back, and what proves it from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Fact(StrEnum):
    """The vocabulary of evidence: noun.verb. A fact carries ids, counts and codes, never personal data."""

    DELIVERY_REJECTED = "delivery.rejected"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_REPLAYED = "delivery.replayed"
    DELIVERY_DISMISSED = "delivery.dismissed"
    REQUEST_OPENED = "request.opened"
    REQUEST_JOINED = "request.joined"
    RECEIPT_ACKNOWLEDGED = "request.acknowledged"
    REQUEST_REPLAYED = "request.replayed"
    REQUEST_CLOSED = "request.closed"
    REQUEST_FAILED = "request.failed"
    TASK_DONE = "task.done"
    TASK_FAILED = "task.failed"
    TASK_RETRIED = "task.retried"
    TASK_WAITING = "task.waiting"
    NOTICE_ITEMS_OPENED = "instruction.opened"
    NOTICE_ITEM_RESUMED = "entry.released"
    NOTICE_ITEM_PAUSED = "entry.held"
    NOTICE_ITEM_ATTRIBUTED = "entry.attributed"
    NOTICE_ITEM_DISCARDED = "entry.discarded"
    NOTICE_SENT = "notice.sent"
    NOTICE_RESENT = "notice.resent"
    NOTICE_FILED = "notice.filed"
    NOTICE_BOUNCED = "notice.bounced"
    NOTICE_REMINDED = "notice.reminded"
    NOTICE_ACKNOWLEDGED = "notice.acknowledged"
    NOTICE_ANSWERED = "notice.answered"
    NOTICE_EXPIRED = "notice.expired"
    NOTICE_BLOCKED = "notice.stuck"
    NOTICE_VERIFIED = "notice.read_back"
    NOTICE_REOPENED = "notice.reopened"
    PARCEL_CANCELLED = "parcel.cancelled"
    PRINCIPAL_ERASED = "principal.erased"
    PRINCIPAL_SUPPRESSED = "principal.suppressed"
    LATE_DELIVERY_DROPPED = "late_delivery.dropped"
    CUSTOMERS_MERGED = "customers.merged"
    ORDERS_RECONCILED = "orders.reconciled"
    SUPPRESSION_RELEASED = "suppression.released"
    SHOP_ERASED = "shop.erased"
    SHOP_UNINSTALLED = "shop.uninstalled"
    SHOP_RENAMED = "shop.renamed"
    LETTER_QUEUED = "letter.queued"
    LETTER_SENT = "letter.sent"
    LETTER_BOUNCED = "letter.bounced"
    LETTER_WITHHELD = "letter.withheld"
    LETTER_RESENT = "letter.resent"
    LETTER_DISMISSED = "letter.dismissed"
    SUBMISSION_LOST = "submission.lost"
    IDENTITY_ASKED = "identity.asked"
    IDENTITY_REMINDED = "identity.reminded"
    IDENTITY_PROVEN = "identity.proven"
    IDENTITY_NOT_PROVEN = "identity.not_proven"
    IDENTITY_DENIED = "identity.denied"
    DOWNLOAD_RENEWED = "download.renewed"
    RECORDS_CORRECTED = "records.corrected"
    PROCESSING_RESTRICTED = "processing.restricted"
    RESTRICTION_END_SET = "restriction.end_set"
    RESTRICTION_LIFTED = "restriction.lifted"
    OBJECTION_DECIDED = "objection.decided"
    NOMINATION_RECORDED = "nomination.recorded"
    NOMINATION_ENDED = "nomination.ended"
    NOMINATION_ACCEPTED = "nomination.accepted"
    NOMINATION_DECLINED = "nomination.declined"
    DISCLOSURE_RECORDED = "disclosure.recorded"
    DISCLOSURE_SECRECY_CHANGED = "disclosure.secrecy_changed"
    DISCLOSURE_REMOVED = "disclosure.removed"
    NOMINEE_ADMITTED = "nominee.admitted"
    NOMINEE_DECLINED = "nominee.declined"
    TWO_PERSON_APPROVED = "two_person.approved"
    INCIDENT_DESCRIBED = "incident.described"
    INCIDENT_PERSONS_FOUND = "incident.persons_found"
    INCIDENT_NOTICE_RENDERED = "incident.notice_rendered"
    INCIDENT_REPORTED = "incident.reported"
    DEADLINE_PASSED = "deadline.passed"
    MAIL_TAKEN_IN = "mail.taken_in"
    MAIL_OPENED = "mail.opened"
    MAIL_DISMISSED = "mail.dismissed"
    MAILS_DESTROYED = "mails.destroyed"
    PACKAGE_SEALED = "package.sealed"
    PACKAGE_RELEASED = "package.released"
    ANSWER_DELIVERED = "answer.delivered"
    ANSWER_WAIVED = "answer.waived"
    PERSONAL_DATA_REVEALED = "personal_data.revealed"
    RECORDS_SEARCHED = "records.searched"
    PLATFORM_ERASURE_CANCELLED = "platform_erasure.cancelled"
    PLATFORM_ERASURE_SETTLED = "platform_erasure.settled"
    CERTIFICATE_ISSUED = "certificate.issued"
    OUTCOME_RELEASED = "outcome.released"
    EVIDENCE_EXPORTED = "evidence.exported"
    RAW_BODY_DESTROYED = "raw_body.destroyed"
    PACKAGE_DESTROYED = "package.destroyed"
    DETAILS_DESTROYED = "request_details.destroyed"
    RECORD_EXPIRED = "record.aged_out"
    CONSENTS_KEPT = "consents.kept"
    MARKETING_STOPPED = "marketing.stopped"
    CONSENT_RENEWED = "consent.renewed"
    GRIEVANCE_ANSWERED = "grievance.answered"
    DOCUMENT_SEALED = "document.sealed"
    DOCUMENT_OPENED = "document.opened"
    DOCUMENT_REFUSED = "document.refused"
    DOCUMENT_DESTROYED = "document.destroyed"
    VAULT_EXPORTED = "vault.exported"
    VAULT_WAIVED = "vault.waived"
    SHOP_ERASURE_CONTINUED = "shop_erasure.continued"
    PLAN_CREATED = "plan.made"
    PLAN_CHANGED = "plan.changed"
    APPROVAL_AWAITED = "approval.awaited"
    PLAN_APPROVED = "plan.approved"
    DEED_BEGUN = "deed.begun"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_REFUSED = "request.refused"
    REQUEST_EXTENDED = "request.extended"
    PRECHECK_RELEASED = "guard.released"
    LEGAL_HOLD_OPENED = "hold.opened"
    LEGAL_HOLD_REVIEWED = "hold.reviewed"
    LEGAL_HOLD_RELEASED = "hold.released"
    RETENTION_POLICY_CHANGED = "law_file.changed"
    RETENTION_POLICY_ACCEPTED = "law_file.accepted"
    REFUND_ACCOUNT_STORED = "refund_account.kept"
    REFUND_READING_APPROVED = "refund_account.approved"
    REFUND_ACCOUNT_READ = "refund_account.read"
    REFUND_ACCOUNT_REFUSED = "refund_account.refused"
    REFUND_ACCOUNT_SETTLED = "refund_account.settled"
    REFUND_ACCOUNT_ERASED = "refund_account.erased"
    REVIEW_OPENED = "review.opened"
    REVIEW_CLOSED = "review.closed"
    KEYS_ROTATED = "keys.rotated"
    REMNANTS_OVERWRITTEN = "remnants.overwritten"
    HEAD_SIGNED = "head.signed"
    HEAD_GIVEN = "head.given"
    HEAD_TIMESTAMPED = "head.anchored"
    BACKUP_RESTORED = "backup.restored"
    TOMBSTONES_APPLIED = "tombstones.applied"
    ACCESS_REFUSED = "access.refused"
    USER_ADDED = "user.added"
    USER_DISABLED = "user.disabled"
    USER_SECRET_SET = "user.secret_set"  # noqa: S105 - the name of a fact
    USER_TOKEN_CREATED = "user.token_created"  # noqa: S105
    USER_TOKENS_REVOKED = "user.tokens_revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of evidence as read back. `detail` is JSON without personal data."""

    seq: int
    at: datetime
    actor: str
    fact: str
    shop: str
    request_id: str
    subject: str
    detail: Mapping[str, Any]
    prev_hash: str
    hash: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedHead:
    """The end of the chain as it was signed on one day of the merchant's calendar.

    `signature` (base64) is Ed25519 over `chain_heads.encode_head_statement` with the key of `public_key`. `token` is the
    answer of a timestamp authority (RFC 3161, DER in base64), '' while there is none; `attempts` and `last_error` are of
    the requests for it.
    """

    day: date
    seq: int
    hash: str
    signed_at: datetime
    signature: str = ""
    public_key: str = ""
    token: str = ""
    anchored_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedTimestamp:
    """The answer of a timestamp authority: `token` is all of it (RFC 3161, DER), `at` the time that it attests.

    `verified`: its signature was verified against a root certificate.
    """

    token: bytes
    at: datetime
    verified: bool
