"""What still keeps production from starting, as one list of sentences. Reads no file and no environment.

Development prints the same list and starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from config.toml_reader import label, place

if TYPE_CHECKING:
    from config.merchant_file.merchant import Merchant
    from config.retention_file.retention import Retention
    from config.settings import Settings


def readiness(settings: Settings, merchant: Merchant, retention: Retention) -> list[str]:
    """Everything unset, unreadable or contradictory; an empty list means production may start."""
    return [
        *(f"{name} is not set" for name in settings.unset),
        *unready_files(merchant, retention, settings.merchant_file, settings.retention_file),
    ]


def unready_files(
    merchant: Merchant | None, retention: Retention | None, merchant_file: Path, retention_file: Path
) -> list[str]:
    """The same for the two files alone; None where one could not be read at all."""
    missing = []
    if merchant:
        missing += [_unset(merchant_file, each) for each in merchant.unset]
    if retention:
        missing += [_unset(retention_file, each) for each in retention.unset]
        # a broken rule holds and harms nobody, but a release that brings one is a mistake
        missing += retention.faults
    if merchant and retention:
        missing += _contradictions(merchant, retention, label(merchant_file), label(retention_file))
    return missing


def _unset(path: Path, dotted: str) -> str:
    table, _, key = dotted.rpartition(".")
    return f"{place(label(path), table, key)} is not set"


def _contradictions(merchant: Merchant, retention: Retention, merchant_file: str, file: str) -> list[str]:
    """Facts that both files tell. One that is unset was named above already."""
    forms = {merchant.legal_entity_type, retention.merchant.get("legal_entity_type")} - {"unknown", None}
    policies = {merchant.policy_sha256, retention.policy_sha256} - {""}
    found = []
    if len(forms) > 1:
        found.append(f"{place(file, 'merchant', 'legal_entity_type')} differs from the merchant's file")
    if len(policies) > 1:
        found.append(f"{place(file, '', 'privacy_policy_sha256')} differs from the merchant's file")
    for number, basis in enumerate(merchant.instructions.basis, start=1):
        if basis.law not in retention.laws:
            found.append(
                f"{place(merchant_file, f'notices.basis.{number}', 'law')} is no law of the retention file"
            )
    return found
