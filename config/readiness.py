"""List what keeps production from starting, as sentences. Reads no file and no environment.

Development prints the same list and starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from config.toml_reader import format_key_location, label_file

if TYPE_CHECKING:
    from config.merchant_file.merchant import Merchant
    from config.retention_file.retention import Retention
    from config.settings import Settings


def list_startup_blockers(settings: Settings, merchant: Merchant, retention: Retention) -> list[str]:
    """Return everything unset, unreadable or contradictory; an empty list means that production may start."""
    return [
        *(f"{name} is not set" for name in settings.unset),
        *list_file_blockers(merchant, retention, settings.merchant_file, settings.retention_file),
    ]


def list_file_blockers(
    merchant: Merchant | None, retention: Retention | None, merchant_file: Path, retention_file: Path
) -> list[str]:
    """Return the blockers of the two files alone; a file that could not be read is None."""
    missing = []
    if merchant:
        missing += [_describe_unset(merchant_file, each) for each in merchant.unset]
    if retention:
        missing += [_describe_unset(retention_file, each) for each in retention.unset]
        # a broken rule only holds, but a deployment that brings one is a mistake
        missing += retention.faults
    if merchant and retention:
        missing += _find_contradictions(merchant, retention, label_file(merchant_file), label_file(retention_file))
    return missing


def list_unstated(merchant: Merchant, retention: Retention, merchant_file: Path) -> list[str]:
    """Return what the merchant's file must say before a data subject's copy is handed over, each with where to write it."""
    missing = merchant.access.list_missing_statements(retention.categories)
    return [f"{format_key_location(label_file(merchant_file), *place)} is not stated" for place in missing]


def list_package_blockers(merchant: Merchant, retention: Retention, merchant_file: Path) -> list[str]:
    """Return what keeps every data subject's copy back: a blank in the contact that its letter prints, or in a statement."""
    blank = merchant.list_blank_contacts()
    named = (f"{format_key_location(label_file(merchant_file), *place)} is not set" for place in blank)
    return [*named, *list_unstated(merchant, retention, merchant_file)]


def _describe_unset(path: Path, dotted: str) -> str:
    table, _, key = dotted.rpartition(".")
    return f"{format_key_location(label_file(path), table, key)} is not set"


def _find_contradictions(
    merchant: Merchant, retention: Retention, merchant_file: str, retention_file: str
) -> list[str]:
    """Return the facts that the two files state differently. A fact that is unset was named already."""
    forms = {merchant.legal_entity_type, retention.merchant.get("legal_entity_type")} - {"unknown", None}
    policies = {merchant.policy_sha256, retention.policy_sha256} - {""}
    differing = [("merchant", "legal_entity_type")] if len(forms) > 1 else []
    differing += [("", "privacy_policy_sha256")] if len(policies) > 1 else []
    unknown_laws = [
        f"notices.basis.{number}"
        for number, basis in enumerate(merchant.instructions.basis, start=1)
        if basis.law not in retention.laws
    ]
    unknown_categories = [
        (f"access.{name}", each)
        for name, stated in (("source", merchant.access.source), ("activities", merchant.access.activities))
        for each in stated
        if each not in retention.categories
    ]
    unknown_purposes = [each for each in merchant.access.decisions if each.purpose not in retention.purposes]
    return [
        *(
            f"{format_key_location(merchant_file, *place)} is no category of the retention file"
            for place in unknown_categories
        ),
        *(
            f"{format_key_location(merchant_file, f'access.automated_decisions.decision.{each.about}', 'purpose')} is no purpose of the retention file"
            for each in unknown_purposes
        ),
        *(f"{format_key_location(retention_file, *place)} differs from the merchant's file" for place in differing),
        *(
            f"{format_key_location(merchant_file, each, 'law')} is no law of the retention file"
            for each in unknown_laws
        ),
    ]
