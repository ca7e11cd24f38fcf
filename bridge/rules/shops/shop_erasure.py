"""What is erased when a shop leaves, what must stay, and when a person must be asked first. Pure.

Shopify sends `shop/redact` 48 hours after the uninstall and knows neither who answers for the books nor whether
the shop came back meanwhile. Source: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.model import ShopExitDecision

if TYPE_CHECKING:
    from bridge.model import ShopExit
    from config.retention_file.retention_model import Retention

INSTALLED_AGAIN, VAULT_NOT_RETURNED = "installed_again", "vault_not_returned"
PROCESSOR_ROLE = "processor"
WEBHOOK_RETRY_WINDOW = timedelta(hours=4)  # Shopify sends what was not answered again for so long
QUIET_PERIOD = timedelta(hours=24)  # of the 48 between uninstall and shop/redact, retries and clocks left out
SHOP_ANSWER_DEADLINE = timedelta(days=30)
ALARM_AFTER = timedelta(days=23)  # a week before the answer is late
REMAINING_COUNT_PREFIX = "kept_"  # how entries of a task's detail begin that were not erased
REMAINING_ROW_KINDS = (  # what is counted, its category of the retention file, and words where the file has none
    ("refund_accounts", "cod_refund_bank", "Bank details of refunds that are not settled"),
    ("claims", "legal_claim", "Records of legal claims"),
)


class Decision(StrEnum):
    """What is done now. `ask`: nothing, a person decides. `keep`: all goes but what statutory holds keep.

    `return`: all goes but the documents, which wait for their return. `all`: all goes.
    """

    ASK_OPERATOR = "ask"
    KEEP_STATUTORY = "keep"
    AWAIT_RETURN = "return"
    ERASE_ALL = "all"


def decide_shop_erasure(
    shop_exit: ShopExit, *, role: str, redact_received_at: datetime, paused_at: datetime | None, now: datetime
) -> Decision:
    """What is done with a shop that leaves.

    `asked_at` is when `shop/redact` came; `stopped_at` when its erasure was stopped: only a person, or another
    uninstall, lets it go on. `role` is `merchant.operator_role` of the retention file.
    """
    stopped = paused_at is not None and not (
        shop_exit.uninstalled_at and shop_exit.uninstalled_at > paused_at
    )
    back = stopped or is_shop_installed(shop_exit, redact_received_at=redact_received_at, now=now)
    if shop_exit.holds and back and ShopExitDecision.CONTINUE not in shop_exit.decisions:
        return Decision.ASK_OPERATOR
    if role != PROCESSOR_ROLE:
        return Decision.KEEP_STATUTORY
    return (
        Decision.ERASE_ALL
        if not shop_exit.documents or has_returned_documents(shop_exit)
        else Decision.AWAIT_RETURN
    )


def is_shop_installed(shop_exit: ShopExit, *, redact_received_at: datetime, now: datetime) -> bool:
    """True where the app is installed again: a token that works, or a topic that only installed apps get.

    A delivery counts when Shopify must have sent it after the uninstall; where no uninstall was seen, when it came
    in the last day before `shop/redact`.
    """
    if shop_exit.token_until and shop_exit.token_until > now:
        return True
    quiet_from = (
        shop_exit.uninstalled_at + WEBHOOK_RETRY_WINDOW
        if shop_exit.uninstalled_at
        else redact_received_at - QUIET_PERIOD
    )
    return shop_exit.heard_at is not None and shop_exit.heard_at > quiet_from


def has_returned_documents(shop_exit: ShopExit) -> bool:
    """True where the merchant gave its documents up, or has exactly those that are kept."""
    waived = ShopExitDecision.WAIVED in shop_exit.decisions
    return waived or shop_exit.decisions.get(ShopExitDecision.EXPORTED) == shop_exit.fingerprint


def list_remaining_rows(detail: Mapping[str, Any], retention: Retention) -> list[dict[str, Any]]:
    """What a shop's erasure left beside sealed documents, as lines of its certificate."""
    rows: list[dict[str, Any]] = []
    for name, category_id, words in REMAINING_ROW_KINDS:
        count = detail.get(REMAINING_COUNT_PREFIX + name, 0)
        category = retention.categories.get(category_id)
        if count:
            rows.append(
                {
                    "category": category_id,
                    "what": category.title if category else words,
                    "action": category.held_action if category else "evidence",
                    "count": count,
                    "grounds": [],
                    "until": None,
                }
            )
    return rows
