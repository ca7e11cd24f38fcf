"""What is erased when a shop leaves, what must stay, and when a person must be asked first. Pure.

Shopify sends `shop/redact` 48 hours after the uninstall and knows neither who answers for the books nor whether
the shop came back meanwhile. Source: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.model import Decision

if TYPE_CHECKING:
    from bridge.model import Leaving
    from config.retention_file.retention_model import Retention

INSTALLED_AGAIN, VAULT_NOT_RETURNED = "installed_again", "vault_not_returned"
PROCESSOR = "processor"
RETRIED = timedelta(hours=4)  # Shopify sends what was not answered again for so long
NOT_HEARD = timedelta(hours=24)  # of the 48 between uninstall and shop/redact, retries and clocks left out
ANSWERED_WITHIN = timedelta(days=30)
ALARM_AFTER = timedelta(days=23)  # a week before the answer is late
KEPT = "kept_"  # how entries of a task's detail begin that were not erased
STAYS = (  # what is counted, its category of the retention file, and words where the file has none
    ("refund_accounts", "cod_refund_bank", "Bank details of refunds that are not settled"),
    ("claims", "legal_claim", "Records of legal claims"),
)


class Course(StrEnum):
    """What is done now. `ask`: nothing, a person decides. `keep`: all goes but what statutory holds keep.

    `return`: all goes but the documents, which wait for their return. `all`: all goes.
    """

    ASK = "ask"
    KEEP = "keep"
    RETURN = "return"
    ALL = "all"


def course(
    shop: Leaving, *, role: str, asked_at: datetime, stopped_at: datetime | None, now: datetime
) -> Course:
    """What is done with a shop that leaves.

    `asked_at` is when `shop/redact` came; `stopped_at` when its erasure was stopped: only a person, or another
    uninstall, lets it go on. `role` is `merchant.operator_role` of the retention file.
    """
    stopped = stopped_at is not None and not (shop.uninstalled_at and shop.uninstalled_at > stopped_at)
    back = stopped or alive(shop, asked_at=asked_at, now=now)
    if shop.holds and back and Decision.CONTINUE not in shop.decisions:
        return Course.ASK
    if role != PROCESSOR:
        return Course.KEEP
    return Course.ALL if not shop.documents or returned(shop) else Course.RETURN


def alive(shop: Leaving, *, asked_at: datetime, now: datetime) -> bool:
    """True where the app is installed again: a token that works, or a topic that only installed apps get.

    A delivery counts when Shopify must have sent it after the uninstall; where no uninstall was seen, when it came
    in the last day before `shop/redact`.
    """
    if shop.token_until and shop.token_until > now:
        return True
    quiet_from = shop.uninstalled_at + RETRIED if shop.uninstalled_at else asked_at - NOT_HEARD
    return shop.heard_at is not None and shop.heard_at > quiet_from


def returned(shop: Leaving) -> bool:
    """True where the merchant gave its documents up, or has exactly those that are kept."""
    waived = Decision.WAIVED in shop.decisions
    return waived or shop.decisions.get(Decision.EXPORTED) == shop.fingerprint


def kept_rows(detail: Mapping[str, Any], retention: Retention) -> list[dict[str, Any]]:
    """What a shop's erasure left beside sealed documents, as lines of its certificate."""
    rows: list[dict[str, Any]] = []
    for name, category_id, words in STAYS:
        count = detail.get(KEPT + name, 0)
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
