"""One transaction: all row classes over one connection, each imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bridge.store.session import Session

if TYPE_CHECKING:
    import bridge.store.access.findings
    import bridge.store.access.hand_overs
    import bridge.store.access.packages
    import bridge.store.consents.marketing_stops
    import bridge.store.desk.deadline_warnings
    import bridge.store.desk.disclosures
    import bridge.store.desk.incident_persons
    import bridge.store.desk.nominations
    import bridge.store.desk.two_person
    import bridge.store.erasure.erase_person
    import bridge.store.erasure.erasures
    import bridge.store.erasure.order_state
    import bridge.store.erasure.plans
    import bridge.store.erasure.release_suppressions
    import bridge.store.erasure.remnants
    import bridge.store.evidence.chain_heads
    import bridge.store.evidence.operator_facts
    import bridge.store.identity.checks
    import bridge.store.identity.owners
    import bridge.store.identity.submissions
    import bridge.store.index.holes
    import bridge.store.index.merged_orders
    import bridge.store.index.person_lookup
    import bridge.store.index.reconciliations
    import bridge.store.index.rows
    import bridge.store.letters.details
    import bridge.store.letters.letters
    import bridge.store.letters.links
    import bridge.store.listing
    import bridge.store.mailbox.mailboxes
    import bridge.store.mailbox.mails
    import bridge.store.notices.accounts
    import bridge.store.notices.letters
    import bridge.store.notices.notice_items
    import bridge.store.operations.alerts
    import bridge.store.operations.heartbeats
    import bridge.store.operations.standing_still
    import bridge.store.operators.api_access
    import bridge.store.operators.users
    import bridge.store.recovery.ledger_state
    import bridge.store.recovery.reapply_erasures
    import bridge.store.refunds.refund_accounts
    import bridge.store.requests.approvals
    import bridge.store.requests.request_changes
    import bridge.store.requests.requests
    import bridge.store.requests.restrictions
    import bridge.store.requests.tasks
    import bridge.store.requests.turns
    import bridge.store.retention.documents
    import bridge.store.retention.documents_by_order
    import bridge.store.retention.expire
    import bridge.store.retention.legal_holds
    import bridge.store.retention.policies
    import bridge.store.reviews
    import bridge.store.selection.selection_rows
    import bridge.store.shops.erase_shop
    import bridge.store.shops.shop_exits
    import bridge.store.shops.shop_names
    import bridge.store.shops.tokens
    import bridge.store.webhooks.inbox
    import bridge.store.webhooks.person_bodies
    import bridge.store.webhooks.remembered_bodies


class Tx:
    """One transaction, which `SqlStore.transaction` opens and ends. Its annotations say where each row class stands."""

    inbox: bridge.store.webhooks.inbox.InboxRows
    person_bodies: bridge.store.webhooks.person_bodies.PersonBodyRows
    remembered_bodies: bridge.store.webhooks.remembered_bodies.RememberedBodyRows
    requests: bridge.store.requests.requests.RequestRows
    request_changes: bridge.store.requests.request_changes.RequestChanges
    approvals: bridge.store.requests.approvals.ApprovalRows
    tasks: bridge.store.requests.tasks.TaskRows
    turns: bridge.store.requests.turns.TurnRows
    marketing_stops: bridge.store.consents.marketing_stops.MarketingStopRows
    restrictions: bridge.store.requests.restrictions.RestrictionRows
    request_details: bridge.store.letters.details.RequestDetailRows
    person_links: bridge.store.letters.links.PersonLinkRows
    person_letters: bridge.store.letters.letters.PersonLetterRows
    page_submissions: bridge.store.identity.submissions.PageSubmissionRows
    identity_checks: bridge.store.identity.checks.IdentityCheckRows
    record_owners: bridge.store.identity.owners.RecordOwners
    nominations: bridge.store.desk.nominations.NominationRows
    disclosures: bridge.store.desk.disclosures.DisclosureRows
    incident_persons: bridge.store.desk.incident_persons.IncidentPersonRows
    two_person: bridge.store.desk.two_person.TwoPersonApprovalRows
    deadline_warnings: bridge.store.desk.deadline_warnings.DeadlineWarningRows
    mailboxes: bridge.store.mailbox.mailboxes.MailboxRows
    mails: bridge.store.mailbox.mails.MailRows
    findings: bridge.store.access.findings.FindingRows
    packages: bridge.store.access.packages.PackageRows
    hand_overs: bridge.store.access.hand_overs.HandOverRows
    index: bridge.store.index.rows.IndexRows
    merged_orders: bridge.store.index.merged_orders.MergedOrderRows
    person_lookup: bridge.store.index.person_lookup.PersonLookup
    erasures: bridge.store.erasure.erasures.ErasureLookup
    plans: bridge.store.erasure.plans.PlanRows
    order_states: bridge.store.erasure.order_state.OrderStateRows
    person_eraser: bridge.store.erasure.erase_person.PersonEraser
    remnants: bridge.store.erasure.remnants.RemnantRows
    suppression_releaser: bridge.store.erasure.release_suppressions.SuppressionReleaser
    erasure_reapplier: bridge.store.recovery.reapply_erasures.ErasureReapplier
    shop_eraser: bridge.store.shops.erase_shop.ShopEraser
    shop_exits: bridge.store.shops.shop_exits.ShopExitRows
    tokens: bridge.store.shops.tokens.TokenRows
    shop_names: bridge.store.shops.shop_names.ShopNameRows
    notice_accounts: bridge.store.notices.accounts.NoticeAccountRows
    notice_items: bridge.store.notices.notice_items.NoticeItemRows
    notices: bridge.store.notices.letters.NoticeRows
    evidence: bridge.store.evidence.operator_facts.OperatorEvidenceRows
    signed_heads: bridge.store.evidence.chain_heads.SignedHeadRows
    ledger_state: bridge.store.recovery.ledger_state.LedgerStateRows
    documents: bridge.store.retention.documents.DocumentRows
    vault_orders: bridge.store.retention.documents_by_order.VaultOrderRows
    legal_holds: bridge.store.retention.legal_holds.LegalHoldRows
    retention_policies: bridge.store.retention.policies.RetentionPolicyRows
    expiry: bridge.store.retention.expire.ExpiryRows
    refunds: bridge.store.refunds.refund_accounts.RefundRows
    reviews: bridge.store.reviews.ReviewRows
    selection: bridge.store.selection.selection_rows.SelectionRows
    operator_queries: bridge.store.listing.OperatorQueries
    hole_finder: bridge.store.index.holes.HoleFinder
    reconciliations: bridge.store.index.reconciliations.ReconciliationRows
    standing_still: bridge.store.operations.standing_still.StandingStillQueries
    heartbeats: bridge.store.operations.heartbeats.HeartbeatRows
    alerts: bridge.store.operations.alerts.AlertRows
    users: bridge.store.operators.users.UserRows
    api_access: bridge.store.operators.api_access.ApiAccessRows

    def __init__(self, session: Session) -> None:
        self.session = session

    def __getattr__(self, name: str) -> Any:
        """Return the rows of this name, made on first use. Raises AttributeError."""
        row_class = load_row_class(name)
        if row_class is None:
            raise AttributeError(name)
        rows = row_class(self.session)
        setattr(self, name, rows)
        return rows

    @contextmanager
    def open_savepoint(self) -> Iterator[Callable[[], None]]:
        """Open a savepoint. The function that it yields undoes what the block did; the transaction continues."""
        last_fact = self.session.last_fact
        with self.session.connection.begin_nested() as savepoint:

            def undo() -> None:
                savepoint.rollback()
                self.session.last_fact = last_fact

            try:
                yield undo
            except BaseException:
                self.session.last_fact = last_fact
                raise


@cache
def load_row_class(name: str) -> Any:
    """Return the class of the rows that a transaction has under this name; None where it has none."""
    module, _, class_name = Tx.__annotations__.get(name, "").rpartition(".")
    return getattr(import_module(module), class_name) if module else None


def load_all_row_classes() -> None:
    """Load what a process that runs steps needs, before it forks or answers."""
    for name in Tx.__annotations__:
        load_row_class(name)
