"""Define what the retention file says, as values: laws, holds, categories, calendar.

Values only. The readers, and what happens to a rule that cannot be read, are in `config/retention_file/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from config.retention_file.gdpr_bases import RESTRICT_AND_DISCLOSE

# The names a file may give as `last_day_rule`, with the arguments each wants. What they compute stands in
# `bridge/rules/retention`, so that a file can choose a rule but never write one.
LAST_DAY_RULE_ARGS: Mapping[str, frozenset[str]] = {
    "gst_annual_return_due_plus_months": frozenset({"months"}),
    "fy_end_plus_years": frozenset({"years"}),
    "event_plus_days": frozenset({"days"}),
    "event_plus_months": frozenset({"months"}),
    "event_plus_years": frozenset({"years"}),
    "contract_discharged": frozenset(),
    "until_released_by_ops": frozenset({"review_every_days"}),
}


# What a hold may say as `reach`; one that says nothing holds the categories whose `holds` name it.
REACH_ALL, REACH_NONE = "all", "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """A law with the days in force; `in_force_to` None means still in force.

    `jurisdiction` says whose law it is: a country, `EU`, `UK`, or `own` for the merchant's own promise.
    """

    id: str
    title: str
    in_force_from: date
    in_force_to: date | None
    applies_if: Mapping[str, tuple[Any, ...]]
    confidence: str = ""
    jurisdiction: str = ""

    def is_in_force(self, day: date) -> bool:
        """Return True where the law binds on that day."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleExtension:
    """A second event that moves the last day further: months after it, where that is later (CGST s.36).

    `opened_by` is what that event ends: while it stands alone, or came again after it, the end is open.
    """

    event: str
    months: int
    opened_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionRule:
    """Why data must stay: a law, a named rule for the last day of the duty, the event it counts from.

    `opened_by` is the event from which data is held while `from_event` has not come (`always`: from the
    start); empty means no event, no hold. While `extend_if` is among the events the end is open. Statutory
    holds are released only after the legal form is set and the file was reviewed.

    `gdpr_ground` is what keeps data of people in the EU or the United Kingdom: the number of the article. Where there
    is none, `eu_conflict` decides: `restrict_and_disclose` holds, and the data subject is informed; `erase` gives way.

    `reach` `all` holds every category but those of `not_reached`, which says why of each; `none` holds none.
    `cites` maps ids of other laws to what is quoted of them besides, on days on which they are in force.
    """

    id: str
    law: str
    last_day_rule: str
    args: Mapping[str, int]
    from_event: str
    opened_by: str = ""
    extend_if: str = ""
    extend_until: RuleExtension | None = None
    statutory: bool = False
    storage_region: str = ""
    dpv_justification: str = ""
    gdpr_ground: str = ""
    eu_conflict: str = RESTRICT_AND_DISCLOSE
    reach: str = ""
    not_reached: Mapping[str, str] = field(default_factory=dict)
    cites: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """A use of data in the merchant's policy. `bridge`: records that the bridge makes may serve it.

    `introduced_on` is the day of the version of the policy that first named it; None where it was there from the start.
    """

    id: str
    title: str
    bridge: bool = False
    introduced_on: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """One kind of data: its fields, purposes, basis per regime, what a request does, which holds stop that.

    `rests_on_consent` names the channels of the consent that is all that allows to have it: it goes once the consent on each
    of them was taken back. Empty where something else allows it, too. `cites` maps ids of laws to what is quoted of them beside the basis, on days on which they are in force.
    """

    id: str
    title: str
    fields: tuple[str, ...]
    personal_data: tuple[str, ...]
    policy_sections: tuple[str, ...]
    basis: Mapping[str, str]
    on_request: str
    holds: tuple[str, ...]
    held_action: str
    max_age: Mapping[str, Any]
    purposes: tuple[str, ...] = ()
    keep_fields: tuple[str, ...] = ()
    max_age_failed: Mapping[str, Any] = field(default_factory=dict)
    storage_region: str = ""
    precheck: tuple[str, ...] = ()
    scan_for: tuple[str, ...] = ()
    purpose_lock: tuple[str, ...] = ()
    name_address_required_if_any: tuple[str, ...] = ()
    cites: Mapping[str, str] = field(default_factory=dict)
    rests_on_consent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Where and how the financial years of the books run. Days of the year are (month, day)."""

    timezone: str = "Asia/Kolkata"
    fy_start: tuple[int, int] = (4, 1)
    gst_annual_return_due: tuple[int, int] = (12, 31)
    gst_annual_return_due_overrides: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultRules:
    """Who keeps the statutory copies and what is in them.

    `bridge`: the bridge seals them. `external_attested`: the merchant's accounts hold them, as `attested_by` said in
    writing on `attested_on`. `keep_identity`: copies that the bridge builds name the buyer always, not only where the
    law asks for it. `hsn` is the tariff heading of the goods, which Shopify does not tell. `asked_for_by` are order
    attributes by which a buyer asks to be named on the invoice.
    """

    mode: str = "bridge"
    keep_identity: bool = False
    hsn: str = ""
    asked_for_by: tuple[str, ...] = ()
    attested_by: str = ""
    attested_on: date | None = None


# What other apps write at a platform and its own erasure does not remove: the keys of [platform_residue].
RESIDUE_KINDS = ("customer_metafields", "order_metafields", "order_notes", "order_attributes")


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidueRules:
    """Which kinds of data of other apps at a platform an erasure removes; none while `apply` is false."""

    apply: bool = False
    erased_kinds: tuple[str, ...] = ()

    def removes_kind(self, kind: str) -> bool:
        """Return True where this kind is removed; `orders`, those nobody could read, where anything of an order is."""
        orders = kind == "orders" and any(each.startswith("order_") for each in self.erased_kinds)
        return self.apply and (kind in self.erased_kinds or orders)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """The retention file as values.

    `unset` names what counsel still has to fill in; `broken` the rules that hold because they could not be
    read (`law.cgst`, `hold.gst_books`), `faults` says why; broken rules are in neither `laws` nor `holds`. A broken
    category (`category.support`) is there, without the basis that was refused, and holds as well.
    A length of days that nobody decided is None in `merchant`. `sha256` is of the file's bytes.
    """

    policy_id: str
    laws: Mapping[str, Law]
    holds: Mapping[str, RetentionRule]
    categories: Mapping[str, Category]
    merchant: Mapping[str, Any]
    timezone: str
    reviewed_by: str
    unset: tuple[str, ...]
    broken: tuple[str, ...]
    sha256: str
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    residue: ResidueRules = field(default_factory=ResidueRules)
    vault: VaultRules = field(default_factory=VaultRules)
    reviewed_on: date | None = None
    policy_sha256: str = ""
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
