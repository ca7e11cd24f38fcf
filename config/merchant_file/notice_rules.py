"""Read the rules for erasure notices (`[notices]` of the merchant's file): intervals, waiting times, legal basis.

Decides nothing; what the waiting times mean for a parcel is decided in `bridge/rules/notices/timing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.toml_reader import TomlTable

_MAX_NOTICE_DAYS = 3_650


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalBasis:
    """A sentence that says why a processor must act; it is used while its law (of the retention file) is in force."""

    text: str
    law: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRules:
    """When processors are notified and reminded, and how long a parcel is waited for. Days may be fractions."""

    digest_hours: float = 24
    answer_days: float = 15
    remind_days: tuple[float, ...] = (10, 16, 23)
    expire_days: float = 30
    link_days: float = 60
    cod_hold_days: float = 30
    claim_days: float = 10
    lost_claim_days: float = 60
    untracked_days: float = 60
    read_back_hours: float = 24
    escalate_to: str = ""
    basis: tuple[LegalBasis, ...] = ()

    @property
    def digest_interval(self) -> timedelta:
        """Return the shortest time between two letters to one account."""
        return timedelta(hours=self.digest_hours)


def read_notice_rules(notices_table: TomlTable) -> NoticeRules:
    """Read `[notices]`; its `complaint_route` is read by the caller."""
    default = NoticeRules()

    def days(key: str) -> float:
        return notices_table.get_number(key, 0, _MAX_NOTICE_DAYS, getattr(default, key))

    rules = NoticeRules(
        digest_hours=notices_table.get_number("digest_hours", 0, 24 * 31, default.digest_hours),
        answer_days=days("answer_days"),
        remind_days=notices_table.get_rising_numbers("remind_days", default.remind_days),
        expire_days=days("expire_days"),
        link_days=days("link_days"),
        cod_hold_days=days("cod_hold_days"),
        claim_days=days("claim_days"),
        lost_claim_days=days("lost_claim_days"),
        untracked_days=days("untracked_days"),
        read_back_hours=notices_table.get_number("read_back_hours", 0, 24 * 366, default.read_back_hours),
        escalate_to=notices_table.get_email("escalate_to"),
        basis=_read_legal_bases(notices_table),
    )
    if rules.expire_days < max((rules.answer_days, *rules.remind_days)):
        notices_table.add_fault("expire_days", "must not come before answer_days and remind_days")
    if rules.link_days < rules.expire_days:
        notices_table.add_fault("link_days", "must not end before expire_days")
    return rules


def _read_legal_bases(notices_table: TomlTable) -> tuple[LegalBasis, ...]:
    bases = []
    for table in notices_table.get_table_list("basis"):
        bases.append(LegalBasis(text=table.get_text("text"), law=table.get_text("law")))
        table.report_unknown_keys()
    return tuple(bases)
