"""One transaction: all row classes over one connection."""

from __future__ import annotations

from bridge.store.access.findings import FindingRows
from bridge.store.access.hand_overs import HandOverRows
from bridge.store.access.packages import PackageRows
from bridge.store.erasure.erase_person import PersonEraser
from bridge.store.erasure.erasures import ErasureLookup
from bridge.store.erasure.order_state import OrderStateRows
from bridge.store.erasure.plans import PlanRows
from bridge.store.erasure.release_suppressions import SuppressionReleaser
from bridge.store.erasure.remnants import RemnantRows
from bridge.store.evidence.chain_heads import SignedHeadRows
from bridge.store.evidence.operator_facts import OperatorEvidenceRows
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.index.rows import IndexRows
from bridge.store.listing import OperatorQueries
from bridge.store.notices.accounts import NoticeAccountRows
from bridge.store.notices.letters import NoticeRows
from bridge.store.notices.notice_items import NoticeItemRows
from bridge.store.recovery.ledger_state import LedgerStateRows
from bridge.store.recovery.reapply_erasures import ErasureReapplier
from bridge.store.refunds.refund_accounts import RefundRows
from bridge.store.requests.request_changes import RequestChanges
from bridge.store.requests.requests import RequestRows
from bridge.store.requests.tasks import TaskRows
from bridge.store.retention.documents import DocumentRows
from bridge.store.retention.documents_by_order import VaultOrderRows
from bridge.store.retention.expire import ExpiryRows
from bridge.store.retention.legal_holds import LegalHoldRows
from bridge.store.retention.policies import RetentionPolicyRows
from bridge.store.reviews import ReviewRows
from bridge.store.session import Session
from bridge.store.shops.erase_shop import ShopEraser
from bridge.store.shops.shop_exits import ShopExitRows
from bridge.store.shops.shop_names import ShopNameRows
from bridge.store.shops.tokens import TokenRows
from bridge.store.webhooks.inbox import InboxRows
from bridge.store.webhooks.person_bodies import PersonBodyRows
from bridge.store.webhooks.remembered_bodies import RememberedBodyRows


class Tx:
    """One transaction, which `SqlStore.transaction` opens and ends."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.inbox = InboxRows(session)
        self.person_bodies = PersonBodyRows(session)
        self.remembered_bodies = RememberedBodyRows(session)
        self.requests = RequestRows(session)
        self.request_changes = RequestChanges(session)
        self.tasks = TaskRows(session)
        self.findings = FindingRows(session)
        self.packages = PackageRows(session)
        self.hand_overs = HandOverRows(session)
        self.index = IndexRows(session)
        self.person_lookup = PersonLookup(session)
        self.erasures = ErasureLookup(session)
        self.plans = PlanRows(session)
        self.order_states = OrderStateRows(session)
        self.person_eraser = PersonEraser(session)
        self.remnants = RemnantRows(session)
        self.suppression_releaser = SuppressionReleaser(session)
        self.erasure_reapplier = ErasureReapplier(session)
        self.shop_eraser = ShopEraser(session)
        self.shop_exits = ShopExitRows(session)
        self.tokens = TokenRows(session)
        self.shop_names = ShopNameRows(session)
        self.notice_accounts = NoticeAccountRows(session)
        self.notice_items = NoticeItemRows(session)
        self.notices = NoticeRows(session)
        self.evidence = OperatorEvidenceRows(session)
        self.signed_heads = SignedHeadRows(session)
        self.ledger_state = LedgerStateRows(session)
        self.documents = DocumentRows(session)
        self.vault_orders = VaultOrderRows(session)
        self.legal_holds = LegalHoldRows(session)
        self.retention_policies = RetentionPolicyRows(session)
        self.expiry = ExpiryRows(session)
        self.refunds = RefundRows(session)
        self.reviews = ReviewRows(session)
        self.operator_queries = OperatorQueries(session)
