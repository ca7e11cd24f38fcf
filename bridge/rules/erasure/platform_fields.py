"""Plans what becomes of each field that a platform holds. Pure: looks at the retention file, never at values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bridge.model import ErasureAction, PlanLine
from bridge.rules.requests.lifecycle import PLATFORM, RESIDUE_FIELDS
from bridge.rules.retention.category_retention import CategoryRetention, combine_retentions
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
METAFIELDS_SUFFIX = ".metafields"
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
KEPT_BY_LAW, WAITS_WITH_THE_REST = "law_keeps_it", "platform_erases_all_at_once"
HELD_ACTIONS = {  # what becomes of a category at the platform while something holds it, by its `held_action`
    "restrict": ErasureAction.RESTRICT,
    "pseudonymise": ErasureAction.PSEUDONYMISE,
    "seal": ErasureAction.SEAL,
}
RESIDUE_GROUND = "platform_residue"
RESIDUE_STATEMENTS = {  # why what others wrote stays, by whether the request was opened by hand: no law asks for it
    True: "no law: the merchant's retention file does not remove what other systems wrote there ([platform_residue])",
    False: "no law: Shopify's own erasure leaves what other systems wrote there",
}


def find_platform_hold(retentions: Mapping[str, CategoryRetention], retention: Retention) -> CategoryRetention:
    """Return what keeps the customer at the platform: its erasure is one deed for all, and waits while any part is kept.

    `retentions` say what keeps each category. A category that is kept sealed, pseudonymised or as proof while something
    holds it does not wait: the sealed copies are there, and the platform's erasure leaves the figures without the person.
    """
    return combine_retentions(
        retentions[category.id]
        for category in retention.categories.values()
        if category.id in retentions and category.held_action == "restrict" and _list_platform_fields(category)
    )


def plan_platform_fields(
    retention: Retention, retentions: Mapping[str, CategoryRetention], *, opened_by_operator: bool
) -> Iterable[PlanLine]:
    """Yield a line for each field: a law keeps it, the platform erases it, or leaves what other apps wrote.

    What the platform erases on its own is not the bridge's to stop: there `retentions` keep nothing.
    """
    whole = find_platform_hold(retentions, retention) if opened_by_operator else CategoryRetention()
    for category in retention.categories.values():
        own = retentions.get(category.id, CategoryRetention()) if opened_by_operator else CategoryRetention()
        for name in _list_platform_fields(category):
            yield _plan_field(name, category, own, whole, retention, opened_by_operator)


def list_surviving_fields(
    retention: Retention, retentions: Mapping[str, CategoryRetention], *, opened_by_operator: bool
) -> list[PlanLine]:
    """Return a line for what stays at the platform, for now or for good: all fields of a category that stay alike."""
    names: dict[PlanLine, list[str]] = {}
    for line in plan_platform_fields(retention, retentions, opened_by_operator=opened_by_operator):
        if line.hold_ids:
            names.setdefault(replace(line, what=""), []).append(line.what)
    return [replace(line, what=", ".join(fields), count=len(fields)) for line, fields in names.items()]


def describe_kept(kept: CategoryRetention) -> dict[str, Any]:
    """Return what a line of the plan says of what keeps its data: laws, last day, ids of the holds, and each by itself."""
    return {
        "law": kept.citation,
        "until": kept.last_day,
        "hold_ids": kept.grounds,
        "grounds": tuple((hold.ground, hold.citation, hold.last_day) for hold in kept.list_governing_first()),
    }


def find_residue_kind(name: str) -> str | None:
    """Return the kind of residue that a field of the file is, also where it names one metafield; None for any other."""
    owner, _, rest = name.partition(f"{METAFIELDS_SUFFIX}.")
    return RESIDUE_KIND_BY_FIELD.get(owner + METAFIELDS_SUFFIX if rest else name)


def _list_platform_fields(category: Category) -> list[str]:
    return [name for name in category.fields if name.startswith(PLATFORM_FIELD_PREFIXES)]


def _plan_field(
    name: str,
    category: Category,
    own: CategoryRetention,
    whole: CategoryRetention,
    retention: Retention,
    opened_by_operator: bool,
) -> PlanLine:
    line = partial(PlanLine, system=PLATFORM, category=category.id, what=name)
    held_action = HELD_ACTIONS.get(category.held_action) if own.holds else None
    if held_action:
        kept, reason = own, KEPT_BY_LAW
    elif whole.holds:
        kept, reason, held_action = whole, WAITS_WITH_THE_REST, ErasureAction.RESTRICT
    if held_action:
        return line(action=held_action, reason=reason, **describe_kept(kept))
    residue_kind = find_residue_kind(name)
    if residue_kind and opened_by_operator and retention.residue.removes_kind(residue_kind):
        return line(action=ErasureAction.ERASE, reason=RETENTION_FILE_ERASES)
    if residue_kind or name in APP_WRITTEN_FIELDS:
        return line(
            action=ErasureAction.KEEP,
            reason=PLATFORM_LEAVES_RESIDUE,
            law=RESIDUE_STATEMENTS[opened_by_operator],
            hold_ids=(RESIDUE_GROUND,),
        )
    reason = PLATFORM_IS_ASKED if opened_by_operator else PLATFORM_ERASES_ITSELF
    is_consent = category.id == CONSENT_CATEGORY
    return line(
        action=ErasureAction.ERASE if is_consent else PLATFORM_ERASURE_ACTIONS[category.on_request], reason=reason
    )
