"""Requirements P-46 and P-70: doctor names processors that nobody looked at, and those where nothing may be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from bridge.cli.doctor.operations.processors import check_processors
from config.load import read_configuration
from config.merchant_file.processors import Processor

TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Kolkata")).date()


def run_checks(*processors, restricted=()):
    merchant = replace(read_configuration({}).merchant, processors=processors, restricted_countries=tuple(restricted))
    context = SimpleNamespace(
        configuration=SimpleNamespace(merchant=merchant), merchant_zone=ZoneInfo(merchant.clocks.timezone)
    )
    return [(check.name, check.ok, check.detail.partition(":")[0]) for check in check_processors(context)]


@pytest.mark.parametrize(
    ("reviewed_on", "is_named"),
    [(TODAY, False), (TODAY - timedelta(days=360), False), (TODAY - timedelta(days=366), True), (None, True)],
)
def test_a_processor_that_nobody_looked_at_for_a_year_is_named(reviewed_on, is_named):
    """P-70."""
    found = run_checks(Processor(id="mail", legal_name="Mail Ltd", named=True, last_reviewed_on=reviewed_on))
    assert found == ([("processor review", None, "mail")] if is_named else [])


def test_a_processor_that_is_not_named_yet_cannot_be_looked_at():
    assert run_checks(Processor(id="mail", legal_name="", named=False)) == []


def test_a_processor_in_a_restricted_country_is_a_failure():
    """P-46."""
    mail = Processor(id="mail", legal_name="Mail Ltd", named=True, countries=("IN", "XK"), last_reviewed_on=TODAY)
    assert run_checks(mail, restricted=["XK"]) == [("processor country", False, "nothing is sent to mail")]
    assert run_checks(mail, restricted=["XA"]) == []
