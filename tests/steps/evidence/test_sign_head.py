"""The head is signed once a day; a timestamp is requested until the authority gives it."""

from __future__ import annotations

from base64 import b64decode
from contextlib import closing
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bridge.clock_error import interpret_timex, read_clock_error
from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.errors import ConnectorUnavailable
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.steps.evidence.sign_head import sign_head
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.store.recovery.ledger import SqlLedger
from tests.authority import Authority, needs_openssl
from tests.fakes import FakeTimestampAuthority
from tests.tamper import append
from workers.schedule import EXPIRE_INTERVAL, tick

HOUR = timedelta(hours=1)


@pytest.fixture
def timestamps():
    return FakeTimestampAuthority()


@pytest.fixture
def stamped(services, timestamps):
    """Return services with recorded facts and a timestamp authority."""
    append(services.store)
    return replace(services, timestamp_authority=timestamps)


def heads(services):
    with services.store.transaction() as tx:
        return tx.signed_heads.list_signed_heads()


def list_head_facts(services):
    with services.store.transaction() as tx:
        return [fact.fact for fact in tx.evidence.iterate_facts() if fact.fact.startswith("head.")]


def read_timestamp_fact(services):
    with services.store.transaction() as tx:
        [detail] = [fact.detail for fact in tx.evidence.iterate_facts() if fact.fact == "head.anchored"]
    return detail


def test_without_an_authority_the_head_is_signed_only(services):
    append(services.store)
    sign_head(services=services)
    [head] = heads(services)
    assert (head.token, head.anchored_at, head.attempts) == ("", None, 0)
    assert list_head_facts(services) == ["head.signed"]


def test_v08_the_fact_of_a_head_says_how_far_the_clock_may_be_off(services, monkeypatch):
    """Requirements V-08 and L-05: as the kernel says it, and 'unknown' where it does not."""
    append(services.store)
    sign_head(services=services)
    monkeypatch.setattr("bridge.steps.evidence.sign_head.read_clock_error", lambda: None)
    services.clock.at += timedelta(days=1)
    sign_head(services=services)
    with services.store.transaction() as tx:
        errors = [fact.detail["clock_error"] for fact in tx.evidence.iterate_facts() if fact.fact == "head.signed"]
        assert tx.evidence.verify_chain() > 0
    real = read_clock_error()
    assert errors[0] == "unknown" if real is None else set(errors[0]) == set(asdict(real))
    assert errors[1] == "unknown"


@pytest.mark.parametrize(
    ("status", "offset", "is_synchronised", "offset_us"),
    [(0x2001, 1_500_000, True, 1500), (0x2001, -2500, True, -3), (0x0001, 40, True, 40), (0x2041, 0, False, 0)],
)
def test_v08_the_kernel_s_words_are_read(status, offset, is_synchronised, offset_us):
    """Requirement V-08: STA_UNSYNC and STA_NANO of adjtimex(2)."""
    error = interpret_timex(status=status, offset=offset, max_error_us=7)
    assert (error.is_synchronised, error.offset_us, error.max_error_us) == (is_synchronised, offset_us, 7)


def test_a_timestamp_is_stored_with_its_time_and_recorded_once(stamped, timestamps, clock):
    """Requirement V-03."""
    for _ in range(3):
        sign_head(services=stamped)
        clock.at += HOUR
    [head] = heads(stamped)
    assert b64decode(head.token) == b"token of " + timestamps.asked[0]
    assert head.anchored_at == timestamps.at
    assert len(timestamps.asked) == 1
    assert list_head_facts(stamped) == ["head.signed", "head.anchored"]
    with stamped.store.transaction() as tx:
        assert tx.evidence.verify_chain() == 7


def test_an_unavailable_authority_is_asked_again_after_growing_pauses(stamped, timestamps, clock):
    timestamps.faults = [ConnectorUnavailable("timestamp authority: HTTP 503")] * 4
    began, asked_at = clock.at, []
    for _ in range(8):
        before = len(timestamps.asked)
        sign_head(services=stamped)
        if len(timestamps.asked) > before:
            asked_at.append((clock.at - began) // HOUR)
        clock.at += HOUR
    assert asked_at == [0, 1, 3, 7]
    [head] = heads(stamped)
    assert (head.attempts, head.last_error) == (4, "timestamp authority: HTTP 503")
    clock.at = began + timedelta(hours=15)  # the next day in India has its own head by now
    sign_head(services=stamped)
    first, second = heads(stamped)
    assert (first.anchored_at, second.anchored_at) == (None, timestamps.at)


def test_only_the_newest_head_gets_a_timestamp(stamped, timestamps, clock):
    timestamps.faults = [ConnectorUnavailable("away")]
    sign_head(services=stamped)
    clock.at += timedelta(days=1)
    sign_head(services=stamped)
    clock.at += 2 * HOUR
    sign_head(services=stamped)
    assert len(timestamps.asked) == 2
    assert [head.anchored_at is not None for head in heads(stamped)] == [False, True]


def test_no_transaction_is_open_during_the_timestamp_request(stamped, timestamps):
    """SQLite has one writer and would refuse this transaction if another were open."""
    timestamps.meanwhile = lambda: append(stamped.store, 1)
    sign_head(services=stamped)
    assert heads(stamped)[0].anchored_at is not None


def test_two_schedulers_record_one_timestamp(stamped, timestamps):
    timestamps.meanwhile = lambda: sign_head(services=replace(stamped, timestamp_authority=FakeTimestampAuthority()))
    sign_head(services=stamped)
    assert list_head_facts(stamped) == ["head.signed", "head.anchored"]


def test_the_scheduler_signs_the_head_in_the_expiry_run(services, clock):
    append(services.store)
    purged = tick(services, "only", 2.0, None)
    assert len(heads(services)) == 1
    clock.at += timedelta(days=1)
    tick(services, "only", 2.0, purged)
    assert len(heads(services)) == 2
    assert timedelta(hours=2) > EXPIRE_INTERVAL


@needs_openssl
def test_openssl_accepts_a_real_authoritys_answer_for_the_statement(services, tmp_path):
    append(services.store)
    with Authority(tmp_path) as authority:
        verifying = Rfc3161Authority(authority.url, authority.ca.read_text())
        sign_head(services=replace(services, timestamp_authority=verifying))
        [head] = heads(services)
        assert read_timestamp_fact(services)["verified"] is True
        assert authority.accepts(encode_head_statement(head), b64decode(head.token))
        assert not authority.accepts(encode_head_statement(replace(head, seq=4)), b64decode(head.token))


@needs_openssl
@pytest.mark.parametrize("mood", ["digest", "forged", "purpose", "no nonce", b"<html>", "reject"])
def test_an_answer_that_does_not_verify_is_not_stored_and_asked_for_again(services, tmp_path, clock, mood):
    append(services.store)
    with Authority(tmp_path) as authority, capture_logs() as logs:
        verifying = replace(services, timestamp_authority=Rfc3161Authority(authority.url, authority.ca.read_text()))
        authority.moods = [mood]
        signed = sign_head(services=verifying)
        [head] = heads(services)
        assert head == replace(signed, attempts=1, last_error=head.last_error)
        assert head.last_error.startswith("timestamp authority: ")
        assert list_head_facts(services) == ["head.signed"]
        [line] = [line for line in logs if line["event"] == "head.timestamp_failed"]
        assert (line["log_level"], line["day"], line["seq"]) == ("warning", "2026-11-22", head.seq)
        clock.at += HOUR
        sign_head(services=verifying)
        [head] = heads(services)
        assert (head.anchored_at is not None, head.last_error) == (True, "")
        assert authority.accepts(encode_head_statement(head), b64decode(head.token))


def test_an_unverified_timestamp_is_recorded_as_such(stamped):
    sign_head(services=stamped)
    assert read_timestamp_fact(stamped)["verified"] is False


def test_the_ledger_outside_the_backup_gets_each_days_head(services, tmp_path, clock):
    append(services.store)
    with closing(SqlLedger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        services = replace(services, ledger=ledger)
        sign_head(services=services)
        [head] = heads(services)
        assert (ledger.read_last_head().seq, list_head_facts(services)) == (
            head.seq + 1,
            ["head.signed", "head.anchored"],
        )
        sign_head(services=services)
        clock.at += 24 * HOUR
        sign_head(services=services)
        assert list_head_facts(services) == ["head.signed", "head.anchored"] * 2
        assert check_ledger_gate(services=services) == ""


def test_an_unavailable_ledger_misses_only_that_days_head(services, tmp_path):
    append(services.store)
    (tmp_path / "ledger.db").mkdir()
    with closing(SqlLedger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        assert sign_head(services=replace(services, ledger=ledger)) is not None
    assert list_head_facts(services) == ["head.signed"]
