"""Write the merchant's two files for an invented merchant, for the demo and for measurements.

They are made from the shipped files, so that the two cannot drift: a line that is no longer there is a fault.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import NeedsOperator
from bridge.sandbox.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRIEVANCE_OFFICER_EMAIL = "privacy@example.in"
CARRIER_CONTACTS = {carrier: f"privacy@{carrier}.example.com" for carrier in ("bluedart", "delhivery", "shiprocket")}
_UNSET_VALUE = '{ value = "", status = "unset" }'
_UNSET_CONTACT = '{ value = "", status = "unset", note = "where erasure instructions go" }'
MERCHANT_REPLACEMENTS: Mapping[str, str] = {
    'legal_entity_type = { value = "unknown", status = "unset", note': (
        'legal_entity_type = { value = "proprietorship", status = "confirmed", note'
    ),
    'legal_name = { value = "", status = "unset", note = "must be published': (
        'legal_name = { value = "Mini Miss (invented for this demo)", status = "confirmed", note = "must be published'
    ),
    'policy_last_updated = { value = "", status = "unset"': (
        'policy_last_updated = { value = "1 November 2026", status = "confirmed"'
    ),
    f"[grievance_officer]\nname = {_UNSET_VALUE}\ndesignation = {_UNSET_VALUE}\nphone = {_UNSET_VALUE}\n": (
        '[grievance_officer]\nname = "Devi Nowhere"\ndesignation = "Grievance Officer"\nphone = "+919000000010"\n'
    ),
    'email = { value = "privacy@minimiss.com"': f'email = {{ value = "{GRIEVANCE_OFFICER_EMAIL}"',
    'domain_control_verified = { value = false, status = "unset",': (
        'domain_control_verified = { value = true, status = "confirmed",'
    ),
}
RETENTION: Mapping[str, str] = {
    'reviewed_by = ""  ': 'reviewed_by = "A. Counsel (invented)"  ',
    'reviewed_on = ""  ': "reviewed_on = 2026-11-01  ",
    'legal_entity_type = { value = "unknown", status = "unset" }': 'legal_entity_type = "proprietorship"',
    f"warranty_days = {{ value = 0, {_UNSET_VALUE[14:]}": "warranty_days = 7",
    f"return_window_days = {{ value = 0, {_UNSET_VALUE[14:]}": "return_window_days = 7",
}
INTERMEDIARY_PROCESSORS = """
[[processor]]
id = "shiprocket"
legal_name = "Shiprocket (invented account)"
role = "processor"
services = "books parcels with carriers on its own accounts"
data = ["shipment"]
fields = ["name", "delivery_address", "phone", "order_invoice_value"]
countries = ["IN"]
contract_ref = "demo"
erasure_channel = "email"
privacy_contact = "privacy@shiprocket.example.com"
contact_verified_on = 2026-11-01

[[processor]]
id = "aftership"
legal_name = "AfterShip (invented account)"
role = "processor"
services = "tells customers where their parcels are"
data = ["shipment"]
fields = ["name", "phone"]
countries = ["US"]
transfer_safeguard = "standard contractual clauses of the European Union (invented)"
contract_ref = "demo"
erasure_channel = "api"
carries = ["*"]
"""


def write_merchant_files(folder: Path, *, shops: Sequence[str], notice_terms: Mapping[str, str]) -> dict[str, str]:
    """Write both files into `folder` and return the settings that name them.

    `notice_terms` replaces lines of `[notices]`, such as `answer_days = 15`. Raises NeedsOperator.
    """
    merchant = _fill_shipped_file(
        "merchant.toml", {**MERCHANT_REPLACEMENTS, "shops = []": f"shops = {list(shops)!r}".replace("'", '"')}
    )
    for carrier in ("bluedart", "delhivery"):
        head, separator, rest = merchant.partition(f'id = "{carrier}"\n')
        rest = rest.replace(_UNSET_CONTACT, f'"{CARRIER_CONTACTS[carrier]}"', 1)
        rest = rest.replace('contact_verified_on = ""', "contact_verified_on = 2026-11-01", 1)
        merchant = head + separator + rest.replace('client_code = ""', 'client_code = "DEMO-1"', 1)
    lines = merchant.splitlines()
    for name, value in notice_terms.items():
        (index,) = [number for number, line in enumerate(lines) if line.startswith(f"{name} = ")]
        lines[index] = f"{name} = {value}"
    files = {
        "merchant.toml": "\n".join(lines) + INTERMEDIARY_PROCESSORS,
        "retention.toml": _fill_shipped_file("retention.toml", RETENTION),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {
        "BRIDGE_MERCHANT_FILE": str(folder / "merchant.toml"),
        "BRIDGE_RETENTION_FILE": str(folder / "retention.toml"),
    }


def _fill_shipped_file(name: str, replacements: Mapping[str, str]) -> str:
    text = (ROOT / "config" / name).read_text(encoding="utf-8")
    for shipped, filled in replacements.items():
        if shipped not in text:
            raise NeedsOperator(f"config/{name} no longer has the line {shipped.splitlines()[0]!r}")
        text = text.replace(shipped, filled, 1)
    return text
