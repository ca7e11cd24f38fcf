"""What to type, and which page to read, for everything that an operator may meet. Pure: tables.

A test walks every reason to wait, state of a task and failure: each has a page, which names the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge import errors
from bridge.model import Outcome, TaskState, WaitReason

RUNBOOKS = "docs/runbooks/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """What something means, who must act, the command that goes on from here, and its page in docs/runbooks.

    `{id}` in a command is the first row concerned. Without `needs_person` it goes on by itself.
    """

    words: str
    command: str
    page: str
    needs_person: bool = True
    who: str = "operator"


def _by_itself(words: str, *, page: str = "waiting-request", command: str = "dsr show {id}") -> Guide:
    return Guide(words=words, command=command, page=page, needs_person=False)


WAIT_GUIDES: Mapping[WaitReason, Guide] = {
    WaitReason.INVOICE_COPY_MISSING: Guide(
        words="an erasure waits for invoice copies that tax law asks for",
        command="review list --kind seal_missing, then vault file or vault attest",
        page="copy-missing",
    ),
    WaitReason.ACCESS_IN_PROGRESS: _by_itself("an erasure waits until the same person's access request is ready"),
    WaitReason.PACKAGE_NOT_HANDED_OVER: Guide(
        words="an erasure waits until the same person's access package is handed over",
        command="dsr package or dsr waive of the access request",
        page="answer-not-handed-over",
    ),
    WaitReason.PLAN_CHANGED: _by_itself(
        "the data changed while the erasure ran: it is planned again within seconds, or waits for the new plan's approval"
    ),
    WaitReason.INSTALLED_AGAIN: Guide(
        words="the erasure of a shop waits: the shop seems to be back",
        command="dsr continue {id} or dsr close {id}",
        page="shop-installed-again",
    ),
    WaitReason.VAULT_NOT_RETURNED: Guide(
        words="the erasure of a shop waits for the return of its documents",
        command="vault export or vault waive",
        page="vault-not-returned",
    ),
    WaitReason.PRECHECK_BLOCKED: Guide(
        words="Shopify was not asked to erase: the customer would lose money",
        command="dsr plan {id}, then dsr replay {id} or dsr continue {id}",
        page="guard-stopped",
    ),
    WaitReason.MERGE_POSSIBLE: _by_itself("an erasure waits some minutes for the merge of customers that may come"),
    WaitReason.SHOP_UNIDENTIFIED: Guide(
        words="Shopify did not say which shop a domain is, and the answer may be under another name",
        command="shop list, then shop identify",
        page="shop-unidentified",
    ),
    WaitReason.GAVE_WAY: _by_itself("a long gathering let others have their turn and goes on within seconds"),
    WaitReason.PLATFORM_UNCONFIRMED: Guide(
        words="Shopify did not confirm its own erasure in time",
        command="dsr close {id} or dsr continue {id}",
        page="waiting-request",
    ),
    WaitReason.GRIEVANCE_UNANSWERED: Guide(
        words="a grievance waits for the officer's answer",
        command="dsr details {id}, then dsr answer {id}",
        page="grievance-unanswered",
    ),
    WaitReason.NOMINATOR_UNPROVEN: Guide(
        words="a nomination waits until it is certain that the person asked for it",
        command="dsr show {id}, then nomination accept {id}",
        page="nominee-waits",
    ),
    WaitReason.NOMINATION_MISSING: Guide(
        words="somebody acts for a person, and no nomination that stands names them",
        command="nomination list --request {id}, then nomination decline {id}",
        page="nominee-waits",
    ),
    WaitReason.TWO_APPROVALS_MISSING: Guide(
        words="a nominee waits for the approval of two people",
        command="nomination approve {id}, by two people",
        page="nominee-waits",
    ),
    WaitReason.INCIDENT_NOT_REPORTED: Guide(
        words="a breach is not reported to everybody yet", command="incident show {id}", page="incident"
    ),
    WaitReason.HELD_BY_LAW: _by_itself("a law keeps data until a day", page="held-by-law"),
    WaitReason.LAW_NOT_IN_FORCE: _by_itself(
        "marketing to a child stops on the day from which a law forbids it", page="minor"
    ),
    WaitReason.IDENTITY_PENDING: _by_itself(
        "a request waits for proof of who asks, and is reminded of it",
        page="identity-not-proven",
        command="dsr identified {id}",
    ),
    WaitReason.IDENTITY_NOT_PROVEN: Guide(
        words="the term passed, or somebody said that it was not them, and it is not proven who asks",
        command="dsr identified {id} or dsr identify {id}",
        page="identity-not-proven",
    ),
    WaitReason.PERSON_RESTRICTED: Guide(
        words="an erasure that Shopify sent waits: the person's data may only be stored",
        command="dsr lift of the restriction, once its ground has ended",
        page="person-restricted",
    ),
    WaitReason.RESTRICTION_IN_FORCE: _by_itself(
        "a restriction is in force until dsr lift ends it", page="person-restricted", command="dsr lift {id}"
    ),
    WaitReason.OBJECTION_UNDECIDED: Guide(
        words="an objection is weighed, and what it is about stops meanwhile",
        command="dsr decide {id}",
        page="objection-undecided",
    ),
}

TASK_STATE_GUIDES: Mapping[TaskState, Guide] = {
    TaskState.PENDING: _by_itself("not begun", page="stuck-inbox", command="doctor"),
    TaskState.RETRY: _by_itself("asked again by itself after a pause"),
    TaskState.WAITING: _by_itself("waits for somebody else"),
    TaskState.DONE: _by_itself("done", page="incomplete-request"),
    TaskState.FAILED: Guide(words="given up", command="dsr replay {id}", page="incomplete-request"),
}

# by the outcome of the task that makes an answer incomplete
SHORTFALL_GUIDES: Mapping[str, Guide] = {
    Outcome.UNREACHED: Guide(
        words="answered without a system that was down", command="doctor, then dsr replay {id}", page="gap-unreached"
    ),
    Outcome.DENIED: Guide(
        words="answered without a system that refused access",
        command="doctor, then dsr replay {id}",
        page="gap-credentials",
    ),
}
OTHER_SHORTFALL = Guide(
    words="answered, and something is missing from the answer",
    command="dsr show {id}, then dsr replay {id}",
    page="incomplete-request",
)

# the class that is nearest in the family decides: one that is not named has its parent's
FAILURE_GUIDES: Mapping[type[errors.BridgeError], Guide] = {
    errors.BridgeError: Guide(words="a defect", command="dsr list --state failed", page="failed-request"),
    errors.TimeLimitExceeded: _by_itself("a job took too long and runs again", page="failed-request"),
    errors.Refused: Guide(
        words="what was sent is refused", command="inbox list --state rejected", page="rejected-delivery"
    ),
    errors.Retryable: _by_itself("tried again by itself", page="gap-unreached", command="doctor"),
    errors.StoreUnavailable: Guide(
        words="the database does not answer", command="doctor", page="database-unreachable", who="host"
    ),
    errors.LedgerUnavailable: Guide(
        words="the ledger outside the backup does not answer", command="doctor", page="database-unreachable", who="host"
    ),
    errors.LeaseLost: _by_itself("another worker took the row over", page="stuck-inbox", command="doctor"),
    errors.ConcurrentChange: _by_itself("another process changed the row first", page="stuck-inbox", command="doctor"),
    errors.Permanent: Guide(words="refused for good", command="dsr show {id}", page="incomplete-request"),
    errors.PayloadInvalid: Guide(
        words="signed, and not of the agreed shape", command="inbox list --state rejected", page="rejected-delivery"
    ),
    errors.NeedsOperator: Guide(words="somebody must act", command="dsr list --state failed", page="failed-request"),
    errors.CredentialRejected: Guide(words="a system refuses access", command="doctor", page="gap-credentials"),
    errors.SettingsInvalid: Guide(words="settings are wrong", command="doctor", page="settings-invalid", who="host"),
    errors.StoreFault: Guide(words="the database refused a statement", command="doctor", page="database-unreachable"),
    errors.KeyMissing: Guide(words="a key is missing", command="keys list", page="key-missing", who="host"),
    errors.SealBroken: Guide(words="a sealed value does not open", command="doctor", page="seal-broken"),
    errors.BackupRestored: Guide(words="a backup was restored", command="restore-check", page="backup-restored"),
    errors.EvidenceBroken: Guide(
        words="the evidence does not verify", command="evidence verify", page="evidence-broken"
    ),
}


def find_failure_guide(kind: type[errors.BridgeError]) -> Guide:
    """Return the guide of a class of failures, that of its nearest parent where it has none of its own."""
    return next(FAILURE_GUIDES[each] for each in kind.__mro__ if each in FAILURE_GUIDES)
