"""Read `[approval]` of the merchant's file: what waits for a person before it changes anything, and for how long.

Decides nothing about a request; `bridge/rules/requests/decisions/approval_rules.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.toml_reader import TomlTable

# names as they are stored: kinds of requests, and the doors of the merchant by which they come
APPROVABLE_KINDS = (
    "access",
    "erasure",
    "correction",
    "restriction",
    "objection",
    "consent_withdrawal",
    "nomination",
    "nominee_exercise",
    "grievance",
    "processor_list",
    "incident",
)
MERCHANT_DOORS = ("operator", "api", "page", "mail")
ALWAYS_TWO = ("nominee_exercise", "incident")
DEFAULT_KINDS_WITHOUT = ("access", "consent_withdrawal", "nomination", "grievance", "processor_list")
DEFAULT_COOLING_OFF_HOURS = 48
_MAX_COOLING_OFF_HOURS = 24 * 14


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRules:
    """What needs an approval; names are those of `[approval]`.

    `kinds_without` and `doors_without` need none, `two_people` needs two, every other kind one. For `cooling_off_hours`
    after it was opened an erasure can still be taken back.
    """

    kinds_without: tuple[str, ...] = DEFAULT_KINDS_WITHOUT
    doors_without: tuple[str, ...] = ()
    two_people: tuple[str, ...] = ALWAYS_TWO
    cooling_off_hours: int = DEFAULT_COOLING_OFF_HOURS


def read_approval_rules(approval: TomlTable) -> ApprovalRules:
    """Return `[approval]`; faults go into the report."""
    default = ApprovalRules()

    def names(key: str, allowed: tuple[str, ...], usual: tuple[str, ...]) -> tuple[str, ...]:
        if not approval.has_key(key):
            return usual
        given = approval.get_texts(key)
        if unknown := sorted(set(given) - set(allowed)):
            approval.add_fault(key, f"must hold only {', '.join(allowed)}, not {', '.join(unknown)}")
        return tuple(dict.fromkeys(given))

    kinds_without = names("kinds_without", APPROVABLE_KINDS, default.kinds_without)
    two_people = names("two_people", APPROVABLE_KINDS, default.two_people)
    for kind in ALWAYS_TWO:
        if kind in kinds_without:
            approval.add_fault("kinds_without", f"must not hold {kind}: two people always decide on it")
    if both := sorted(set(kinds_without) & (set(two_people) - set(ALWAYS_TWO))):
        approval.add_fault("two_people", f"must not hold {', '.join(both)}: kinds_without names it too")
    return ApprovalRules(
        kinds_without=kinds_without,
        doors_without=names("doors_without", MERCHANT_DOORS, default.doors_without),
        two_people=tuple(dict.fromkeys((*two_people, *ALWAYS_TWO))),
        cooling_off_hours=approval.get_int("cooling_off_hours", 0, _MAX_COOLING_OFF_HOURS, default.cooling_off_hours),
    )
