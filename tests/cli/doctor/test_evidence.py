"""`doctor` checks the evidence: who can change it, and whether heads are signed and timestamped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.errors import ConnectorUnavailable
from bridge.steps.evidence.sign_head import sign_head
from tests.authority import needs_openssl
from tests.e2e import processes
from tests.factories import make_services
from tests.fakes import FakeTimestampAuthority
from tests.kit.doctor_checks import run_offline_doctor
from tests.tamper import append

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TSA = {"BRIDGE_TSA_URL": "https://tsa.example.com/tsr"}


@pytest.fixture
def check_evidence(database_url):
    """Return the evidence checks of doctor by name."""

    def made(**more):
        _, found = run_offline_doctor(processes.environment(database_url, "", **more), "evidence")
        return {name: (check["ok"], check["detail"]) for name, check in found.items()}

    return made


@pytest.fixture
def days_ago(store, clock, queue):
    """Sign the head of some days ago; `stamper` may timestamp it."""

    def sign(days, timestamp_authority=None):
        clock.at = datetime.now(UTC) - timedelta(days=days)
        append(store, 1)
        assert sign_head(services=replace(make_services(store, clock, queue), timestamp_authority=timestamp_authority))

    return sign


def test_an_empty_chain_has_nothing_to_sign(check_evidence):
    assert check_evidence() == {"evidence": (None, "SQLite has no roles: only triggers refuse changes")}


def test_before_the_first_head_no_check_fails(check_evidence, store):
    append(store, 1)
    assert check_evidence()["evidence head"] == (None, "none is signed yet: the clock signs one a day")
    assert check_evidence()["evidence timestamp"][0] is None


def test_a_head_of_today_passes_and_a_head_of_three_days_ago_fails(check_evidence, days_ago):
    days_ago(3)
    ok, detail = check_evidence()["evidence head"]
    assert (ok, detail.endswith("row 1: is the clock running?")) == (False, True)
    days_ago(0)
    assert check_evidence()["evidence head"][0] is True


def test_with_an_authority_two_days_without_a_timestamp_fail(check_evidence, days_ago):
    days_ago(5, FakeTimestampAuthority())
    away = FakeTimestampAuthority()
    away.faults = [ConnectorUnavailable("timestamp authority: HTTP 503")] * 9
    for day in (4, 1, 0):
        days_ago(day, away)
    ok, detail = check_evidence(**TSA)["evidence timestamp"]
    assert (ok, detail.endswith(": timestamp authority: HTTP 503")) == (False, True)
    assert check_evidence()["evidence timestamp"] == (
        None,
        "BRIDGE_TSA_URL is not set: copy the signed heads elsewhere by hand",
    )


@needs_openssl
def test_a_timestamp_of_yesterday_passes_while_today_s_is_requested(check_evidence, days_ago, authority):
    days_ago(4)
    days_ago(1, Rfc3161Authority(authority.url, ""))
    days_ago(0)
    ok, detail = check_evidence(**TSA, BRIDGE_TSA_ROOT_FILE=str(authority.ca))["evidence timestamp"]
    assert (ok, detail.endswith(", verified")) == (True, True)


def test_without_a_root_certificate_a_timestamp_is_not_called_verified_and_doctor_says_what_to_set(
    check_evidence, days_ago
):
    days_ago(1, FakeTimestampAuthority())
    ok, detail = check_evidence(**TSA)["evidence timestamp"]
    assert (ok, ", not verified: " in detail, "set BRIDGE_TSA_ROOT_FILE" in detail) == (None, True, True)


@needs_openssl
def test_a_timestamp_that_does_not_verify_fails_at_once(check_evidence, days_ago, authority):
    """It was stored before there was a root certificate, or is not the one that was stored."""
    days_ago(1, FakeTimestampAuthority())
    days_ago(0, Rfc3161Authority(authority.url, ""))
    root = {"BRIDGE_TSA_ROOT_FILE": str(authority.ca)}
    assert check_evidence(**TSA, **root)["evidence timestamp"] == (
        False,
        "1 not signed by an authority of BRIDGE_TSA_ROOT_FILE: run `evidence verify`",
    )


@needs_openssl
def test_an_answer_that_was_refused_is_shown_on_the_same_day(check_evidence, days_ago, authority):
    verifying = Rfc3161Authority(authority.url, authority.ca.read_text())
    days_ago(1, verifying)
    authority.moods = ["forged"]
    days_ago(0, verifying)
    ok, detail = check_evidence(**TSA, BRIDGE_TSA_ROOT_FILE=str(authority.ca))["evidence timestamp"]
    assert (
        ok,
        detail.endswith("since then timestamp authority: not signed by an authority of BRIDGE_TSA_ROOT_FILE"),
    ) == (None, True)


def test_production_requires_an_authority_by_https(database_url):
    environ = processes.environment(database_url, "", BRIDGE_ENV="production", BRIDGE_TSA_URL="http://tsa.example.com")
    assert "BRIDGE_TSA_URL must start with https:// in production" in processes.say(environ, "doctor").err
