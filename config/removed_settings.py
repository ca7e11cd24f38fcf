"""Name the settings that the bridge once accepted and never obeyed, so that their refusal can be explained.

Obeys none of them. A setting that a later version obeys is taken out of this list.
"""

from __future__ import annotations

from collections.abc import Mapping

# by the first part of the table's name; "" is the top of the file
REMOVED_KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset({"default_action"}),
    "merchant": frozenset({"eu_representative", "uk_representative"}),
    "intake": frozenset({"rights_email", "correction_email", "grievance_emails", "shopify_webhooks"}),
    "clocks": frozenset(
        {
            "ack_hours_target",
            "dpdp_grievance_days_cap",
            "warn_at_percent",
            "gdpr_extension_months",
            "certin_report_hours",
            "board_report_hours",
            "gdpr_report_hours",
        }
    ),
    "category": frozenset(
        {
            "after",
            "after_settlement",
            "auto_erase",
            "forbidden_content",
            "inactive_erase",
            "never_store",
            "on_objection",
            "statutory_minimum",
            "third_party_notice",
        }
    ),
}
MOVED_KEYS: Mapping[tuple[str, str], str] = {
    ("intake", "domain_control_verified"): "[grievance_officer] domain_control_verified"
}


def explain_unknown_key(table: str, key: str) -> str:
    """Return why a key of that table is refused and what to do about it."""
    if new_name := MOVED_KEYS.get((table, key)):
        return f"is now {new_name}: move the line there"
    if key in REMOVED_KEYS.get(table.partition(".")[0], ()):
        return "is not obeyed by the bridge: it does not do this yet. Remove the line"
    return "is not a known key: correct its spelling, or remove the line"
