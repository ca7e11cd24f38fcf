"""Plans what becomes of each field that a platform holds. Pure: looks at the retention file, never at values."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.model import ErasureAction, PlanLine
from bridge.rules.requests.lifecycle import PLATFORM, RESIDUE_FIELDS
from config.retention_file.retention_model import Category, Retention

PLATFORM_FIELD_PREFIXES = ("customer.", "order.", "checkout.", "fulfillment.")
PLATFORM_ERASURE_ACTIONS = {  # its own erasure takes the person out of an order and leaves the figures
    "erase": ErasureAction.ERASE,
    "anonymise": ErasureAction.ANONYMISE,
    "pseudonymise": ErasureAction.ANONYMISE,
    "keep": ErasureAction.KEEP_AS_EVIDENCE,
    "age_out": ErasureAction.ERASE,
}
RESIDUE_KIND_BY_FIELD = {name: kind for kind, name in RESIDUE_FIELDS.items()}
APP_WRITTEN_FIELDS = {  # names that a category claims and that are metafields or attributes wherever they rest at the platform
    "customer.birth_date",
    "customer.anniversary",
    "customer.ring_size",
    "customer.loyalty",
    "customer.cod_score",
    "customer.rto_count",
    "order.line_items.properties",
    "order.gift_message",
    "fulfillment.note",
    "checkout.otp_log",
}
CONSENT_CATEGORY = "marketing_consent"  # the platform redacts it
PLATFORM_ERASES_ITSELF, PLATFORM_IS_ASKED = "platform_erases_on_its_own", "platform_is_asked"
RETENTION_FILE_ERASES, PLATFORM_LEAVES_RESIDUE = "retention_file_erases", "platform_leaves_what_others_wrote"


def plan_platform_fields(retention: Retention, *, opened_by_operator: bool) -> Iterable[PlanLine]:
    """Yield a line for each field: the platform erases it by itself or when asked, and leaves what other apps wrote."""
    for category in retention.categories.values():
        for name in category.fields:
            if name.startswith(PLATFORM_FIELD_PREFIXES):
                action, reason = _decide_field(name, category, retention, opened_by_operator)
                yield PlanLine(system=PLATFORM, category=category.id, what=name, action=action, reason=reason)


def _decide_field(
    name: str, category: Category, retention: Retention, opened_by_operator: bool
) -> tuple[ErasureAction, str]:
    residue_kind = RESIDUE_KIND_BY_FIELD.get(name)
    if residue_kind and opened_by_operator and retention.residue.removes_kind(residue_kind):
        return ErasureAction.ERASE, RETENTION_FILE_ERASES
    if residue_kind or name in APP_WRITTEN_FIELDS:
        return ErasureAction.QUARANTINE, PLATFORM_LEAVES_RESIDUE
    reason = PLATFORM_IS_ASKED if opened_by_operator else PLATFORM_ERASES_ITSELF
    if category.id == CONSENT_CATEGORY:
        return ErasureAction.ERASE, reason
    return PLATFORM_ERASURE_ACTIONS[category.on_request], reason
