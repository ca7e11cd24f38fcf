"""Build what `init` writes: the merchant's two files from the shipped ones, and the settings."""

from __future__ import annotations

import base64
import gzip
import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from config.env_parsers import KEY_BYTES
from config.settings import MERCHANT_FILE, RETENTION_FILE, ROOT
from config.toml_editor import drop_tables, set_values

INTERMEDIARIES_FILE = ROOT / "config" / "merchant_file" / "intermediaries.toml"
KEY_SETTINGS = ("BRIDGE_KEYS", "BRIDGE_PSEUDONYM_KEY", "BRIDGE_EVIDENCE_KEY", "METRICS_TOKEN")
_INVENTED = re.compile(r"# (?:This one|The shop) is invented.*?\n#\n", re.DOTALL)
_MERCHANT_PLACES = {
    "trading_name": ("merchant", "trading_name"),
    "legal_name": ("merchant", "legal_name"),
    "legal_entity_type": ("merchant", "legal_entity_type"),
    "address": ("merchant", "address"),
    "shops": ("merchant", "shops"),
    "website_url": ("merchant", "website_url"),
    "policy_file": ("merchant", "policy_sha256"),
    "policy_last_updated": ("merchant", "policy_last_updated"),
    "gstin": ("merchant", "gstin"),
    "officer_name": ("grievance_officer", "name"),
    "officer_designation": ("grievance_officer", "designation"),
    "officer_email": ("grievance_officer", "email"),
    "officer_phone": ("grievance_officer", "phone"),
}
_RETENTION_PLACES = {
    "policy_file": ("", "privacy_policy_sha256"),
    "reviewed_by": ("", "reviewed_by"),
    "legal_entity_type": ("merchant", "legal_entity_type"),
    "warranty_days": ("merchant", "warranty_days"),
    "return_window_days": ("merchant", "return_window_days"),
}
_SETTINGS = {
    "public_url": "PUBLIC_URL",
    "shopify_client_id": "SHOPIFY_CLIENT_ID",
    "shopify_client_secret": "SHOPIFY_CLIENT_SECRETS",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
}


def build_merchant_file(answers: Mapping[str, Any], today: date) -> str:
    """Return the merchant's file: the shipped one with the answers, and with the carriers that are used."""
    carriers: Mapping[str, str] = answers.get("carriers", {})
    shipped = MERCHANT_FILE.read_text(encoding="utf-8")
    text = drop_tables(shipped, _name_unused_carriers(("bluedart", "delhivery"), carriers))
    intermediaries = drop_tables(
        INTERMEDIARIES_FILE.read_text(encoding="utf-8"), _name_unused_carriers(("shiprocket", "aftership"), carriers)
    )
    text += "\n" + intermediaries.partition("\n\n")[2]
    values = {place: answers[name] for name, place in _MERCHANT_PLACES.items() if name in answers}
    values |= {(f"processor.{name}", "privacy_contact"): contact for name, contact in carriers.items() if contact}
    if values.get(("merchant", "legal_entity_type")) == "unknown":
        del values["merchant", "legal_entity_type"]
    return _sign(set_values(text, values), today)


def build_retention_file(answers: Mapping[str, Any], today: date) -> str:
    """Return the retention file: the shipped one with the answers."""
    values = {place: answers[name] for name, place in _RETENTION_PLACES.items() if name in answers}
    if values.get(("merchant", "legal_entity_type")) == "unknown":
        del values["merchant", "legal_entity_type"]
    for place, value in values.items():
        if value == 0:  # decided: there is none
            values[place] = {"value": 0, "status": "confirmed"}
    if "reviewed_by" in answers:
        values["", "reviewed_on"] = today
    if "gstin" in answers:
        values["merchant", "home_state_code"] = answers["gstin"][:2]
    name = re.sub(r"[^a-z0-9]+", "-", str(answers.get("trading_name", "")).lower()).strip("-") or "merchant"
    values["", "policy_id"] = f"{name}-{today.isoformat()}"
    return _sign(set_values(RETENTION_FILE.read_text(encoding="utf-8"), values), today)


def build_settings(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that the answers give."""
    return {setting: str(answers[name]) for name, setting in _SETTINGS.items() if name in answers}


def make_keys() -> dict[str, str]:
    """Return new keys for production, and a token for its metrics."""
    keys = {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in KEY_SETTINGS}
    return {**keys, "BRIDGE_KEYS": f"k1:{keys['BRIDGE_KEYS']}"}


def pack_toml(text: str) -> str:
    """Return the content of a file as one line for BRIDGE_MERCHANT_TOML or BRIDGE_RETENTION_TOML."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _name_unused_carriers(listed: tuple[str, ...], used: Mapping[str, str]) -> set[str]:
    return {f"processor.{carrier}" for carrier in listed if carrier not in used}


def _sign(text: str, today: date) -> str:
    return _INVENTED.sub(f"# Written by `bin/bridge init` on {today.isoformat()}; edit it as you like.\n#\n", text, 1)
