"""Write the merchant's two files for an invented merchant, for the demo and for measurements.

They are made from the shipped files, so that the two cannot drift: a key that is no longer there is a fault.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import NeedsOperator
from bridge.sandbox.processes import ROOT
from config.toml_editor import set_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRIEVANCE_OFFICER_EMAIL = "privacy@example.in"
CARRIER_CONTACTS = {carrier: f"privacy@{carrier}.example.com" for carrier in ("bluedart", "delhivery", "shiprocket")}
VERIFIED_ON = date(2026, 11, 1)
CONTACT_VALUES: Mapping[tuple[str, str], Any] = {  # what every letter prints of its sender
    ("merchant", "legal_name"): "Example Silver (invented for this demo)",
    ("merchant", "policy_last_updated"): "1 November 2026",
    ("grievance_officer", "name"): "Devi Nowhere",
    ("grievance_officer", "designation"): "Grievance Officer",
    ("grievance_officer", "phone"): "+919000000010",
}
MERCHANT_VALUES: Mapping[tuple[str, str], Any] = {
    **CONTACT_VALUES,
    ("merchant", "trading_name"): "Example Silver",
    ("merchant", "website_url"): "https://shop.example.in/",
    ("merchant", "address"): "1 Example Road, Agra, Uttar Pradesh 282001",
    ("merchant", "legal_entity_type"): "proprietorship",
    ("grievance_officer", "email"): GRIEVANCE_OFFICER_EMAIL,
    ("grievance_officer", "domain_control_verified"): True,
    **{
        (f"processor.{carrier}", key): value
        for carrier in ("bluedart", "delhivery")
        for key, value in (
            ("privacy_contact", CARRIER_CONTACTS[carrier]),
            ("contact_verified_on", VERIFIED_ON),
            ("client_code", "DEMO-1"),
        )
    },
}
INTERMEDIARY_VALUES: Mapping[tuple[str, str], Any] = {
    ("processor.shiprocket", "legal_name"): "Shiprocket (invented account)",
    ("processor.shiprocket", "contract_ref"): "demo",
    ("processor.shiprocket", "privacy_contact"): CARRIER_CONTACTS["shiprocket"],
    ("processor.shiprocket", "contact_verified_on"): VERIFIED_ON,
    ("processor.aftership", "legal_name"): "AfterShip (invented account)",
    ("processor.aftership", "transfer_safeguard"): "standard contractual clauses of the European Union (invented)",
    ("processor.aftership", "contract_ref"): "demo",
}
RETENTION_VALUES: Mapping[tuple[str, str], Any] = {
    ("", "reviewed_by"): "A. Counsel (invented)",
    ("", "reviewed_on"): VERIFIED_ON,
    ("merchant", "legal_entity_type"): "proprietorship",
    ("merchant", "warranty_days"): 7,
    ("merchant", "return_window_days"): 7,
}


def write_merchant_files(
    folder: Path,
    *,
    shops: Sequence[str],
    notice_terms: Mapping[str, Any],
    approval_terms: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Write both files into `folder` and return the settings that name them.

    `notice_terms` replaces values of `[notices]`, such as `answer_days`, and `approval_terms` those of `[approval]`. Raises
    NeedsOperator.
    """
    terms = {("notices", name): value for name, value in notice_terms.items()}
    terms |= {("approval", name): value for name, value in (approval_terms or {}).items()}
    merchant = _fill_shipped_file("merchant.toml", {**MERCHANT_VALUES, ("merchant", "shops"): list(shops), **terms})
    files = {
        "merchant.toml": f"{merchant}\n{_fill_shipped_file('merchant_file/intermediaries.toml', INTERMEDIARY_VALUES)}",
        "retention.toml": _fill_shipped_file("retention.toml", RETENTION_VALUES),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {
        "BRIDGE_MERCHANT_FILE": str(folder / "merchant.toml"),
        "BRIDGE_RETENTION_FILE": str(folder / "retention.toml"),
    }


def _fill_shipped_file(name: str, values: Mapping[tuple[str, str], Any]) -> str:
    try:
        return set_values((ROOT / "config" / name).read_text(encoding="utf-8"), values)
    except KeyError as missing:
        raise NeedsOperator(f"config/{name} no longer has {missing.args[0]}") from None
