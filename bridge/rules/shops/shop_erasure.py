"""Decides what is erased when a shop leaves, what must stay, and when an operator must be asked first. Pure.

Shopify sends `shop/redact` 48 hours after the uninstall, and knows neither who answers for the books nor whether the
app was installed again. Source: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.model import ShopExitDecision

if TYPE_CHECKING:
    from bridge.model import RemainingShopData, ShopExit
    from config.retention_file.retention_model import Retention

PROCESSOR_ROLE = "processor"
WEBHOOK_RETRY_WINDOW = timedelta(hours=4)  # for so long Shopify sends again what was not answered
QUIET_PERIOD = timedelta(hours=24)  # of the 48 between uninstall and shop/redact, without retries and clock skew
SHOP_ANSWER_DEADLINE = timedelta(days=30)
ALARM_AFTER = timedelta(days=23)  # a week before the answer is late
REMAINING_ROW_KINDS = (  # what is counted, its category of the retention file, and a title where the file has none
    ("refund_accounts", "cod_refund_bank", "Bank details of refunds that are not settled"),
    ("legal_holds", "legal_claim", "Records of legal claims"),
)


class Decision(StrEnum):
    """What is done now. `ask`: nothing, an operator decides. `keep`: all is erased but what statutory holds keep.

    `return`: all is erased but the documents, which wait for their return. `all`: all is erased.
    """

    ASK_OPERATOR = "ask"
    KEEP_STATUTORY = "keep"
    AWAIT_RETURN = "return"
    ERASE_ALL = "all"


def decide_shop_erasure(
    shop_exit: ShopExit,
    *,
    role: str,
    redact_received_at: datetime,
    stopped_at: datetime | None,
    now: datetime,
    is_repeated: bool = False,
    has_platform_access: bool = False,
) -> Decision:
    """Return what is done with a shop that leaves.

    `redact_received_at` is when `shop/redact` came; `stopped_at` when its erasure was stopped: only an operator, or
    another uninstall, lets it go on. `is_repeated`: the same signed bytes came before, and anybody who has them can post
    them. `has_platform_access`: the platform still accepts a token. `role` is `merchant.operator_role` of the retention file.
    """
    is_stopped = stopped_at is not None and not (shop_exit.uninstalled_at and shop_exit.uninstalled_at > stopped_at)
    is_back = (
        is_stopped
        or is_repeated
        or has_platform_access
        or is_shop_installed(shop_exit, redact_received_at=redact_received_at, now=now)
    )
    if shop_exit.holds and is_back and ShopExitDecision.CONTINUE not in shop_exit.decisions:
        return Decision.ASK_OPERATOR
    if role != PROCESSOR_ROLE:
        return Decision.KEEP_STATUTORY
    return Decision.ERASE_ALL if not shop_exit.documents or has_returned_documents(shop_exit) else Decision.AWAIT_RETURN


def is_shop_installed(shop_exit: ShopExit, *, redact_received_at: datetime, now: datetime) -> bool:
    """Return whether the app is installed again: a token that works, or a topic that only installed apps receive.

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
    return shop_exit.last_received_at is not None and shop_exit.last_received_at > quiet_from


def has_returned_documents(shop_exit: ShopExit) -> bool:
    """Return whether the merchant waived its documents, or exported exactly those that are sealed."""
    is_waived = ShopExitDecision.WAIVED in shop_exit.decisions
    return is_waived or shop_exit.decisions.get(ShopExitDecision.EXPORTED) == shop_exit.fingerprint


def list_remaining_rows(remaining: RemainingShopData, retention: Retention) -> list[dict[str, Any]]:
    """Return what a shop's erasure keeps besides sealed documents, as lines of its certificate."""
    rows: list[dict[str, Any]] = []
    for name, category_id, title in REMAINING_ROW_KINDS:
        count = getattr(remaining, name)
        category = retention.categories.get(category_id)
        if count:
            rows.append(
                {
                    "category": category_id,
                    "what": category.title if category else title,
                    "action": category.held_action if category else "evidence",
                    "count": count,
                    "grounds": [],
                    "until": None,
                }
            )
    return rows
