"""Read `[rights]` of the merchant's file: notice before a restriction ends, and what it means that a program stops.

Reports what is unset; states nothing in the merchant's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.toml_reader import TomlTable

WEIGHED_PURPOSES = ("cod_risk", "analytics")  # what a person objects to and the merchant weighs (GDPR Art 21(1))
_MAX_NOTICE_DAYS = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class RightsRules:
    """What the merchant says of restrictions and objections; names are those of `[rights]`.

    `stop` says by purpose how the programs of others that pursue it leave one person out; the bridge runs none of them.
    """

    restriction_notice_days: int = 7
    stop: Mapping[str, str] = field(default_factory=dict)


def read_rights_rules(rights: TomlTable) -> RightsRules:
    """Return `[rights]`; faults go into the report, and what is not stated among the warnings."""
    stop = rights.get_table("stop")
    texts = {purpose: stop.get_text(purpose, "", recommended=True) for purpose in WEIGHED_PURPOSES}
    days = rights.get_int("restriction_notice_days", 1, _MAX_NOTICE_DAYS, RightsRules().restriction_notice_days)
    rights.report_unknown_keys()
    stop.report_unknown_keys()
    return RightsRules(restriction_notice_days=days, stop={name: text for name, text in texts.items() if text})
