"""P-69: by when each recipient of a breach must be told, by the laws of the day; which clock governs after each report."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.model import IncidentRecipient, IncidentReport
from bridge.rules.desk.incident_clocks import (
    INCIDENT_CLOCKS,
    RECIPIENT_BY_RULE,
    compute_incident_clocks,
    find_governing_clock,
)
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE

LAWS = load_retention(RETENTION_FILE).laws
TODAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
EARLIEST = TODAY.replace(year=2020, tzinfo=None)
MOMENTS = st.datetimes(EARLIEST, EARLIEST.replace(year=2040), timezones=st.just(UTC))


def test_p69_cert_in_has_6_hours_the_european_authority_72_and_the_board_72_from_its_day_on():
    clocks = compute_incident_clocks(TODAY, laws=LAWS)
    assert {rule: at - TODAY for rule, at in clocks.due_by_rule.items()} == {
        "certin_6_hours": timedelta(hours=6),
        "gdpr_authority_72_hours": timedelta(hours=72),
        "people_without_delay": timedelta(hours=72),
    }
    assert (clocks.due_governed_by, clocks.due_at) == ("certin_6_hours", TODAY + timedelta(hours=6))
    board = LAWS["dpdp_core"].in_force_from
    on_its_day = datetime(board.year, board.month, board.day, tzinfo=UTC)
    assert "dpdp_board_72_hours" in compute_incident_clocks(on_its_day, laws=LAWS).due_by_rule
    assert "dpdp_board_72_hours" not in compute_incident_clocks(on_its_day - timedelta(hours=1), laws=LAWS).due_by_rule


def report(recipient, hours, *, is_needed=True):
    return IncidentReport(recipient=recipient, at=TODAY + timedelta(hours=hours), is_needed=is_needed)


def test_a_report_in_time_leaves_the_next_clock_and_a_late_one_stays_late():
    clocks = compute_incident_clocks(TODAY, laws=LAWS).due_by_rule
    certin, authority, people = (IncidentRecipient.CERTIN, IncidentRecipient.AUTHORITY, IncidentRecipient.PEOPLE)
    in_time = find_governing_clock(clocks, [report(certin, 6)])
    assert (in_time.rule, in_time.fulfilled_at) == ("gdpr_authority_72_hours", None)
    assert find_governing_clock(clocks, [report(certin, 7)]).rule == "certin_6_hours"
    all_reports = [report(certin, 5), report(authority, 80, is_needed=False), report(people, 71)]
    done = find_governing_clock(clocks, all_reports)
    assert (done.due_at, done.fulfilled_at) == (TODAY + timedelta(hours=72), TODAY + timedelta(hours=80))
    late = find_governing_clock(clocks, [report(certin, 7), *all_reports[1:]])
    assert late.rule == "certin_6_hours"
    assert late.fulfilled_at > late.due_at


@given(noticed_at=MOMENTS, hidden=st.sets(st.sampled_from(["certin", "dpdp_core", "gdpr"])))
def test_c01_a_further_law_only_brings_the_first_day_closer(noticed_at, hidden):
    fewer = {law: each for law, each in LAWS.items() if law not in hidden}
    some, everything = compute_incident_clocks(noticed_at, laws=fewer), compute_incident_clocks(noticed_at, laws=LAWS)
    assert everything.due_at <= some.due_at
    assert some.due_by_rule.items() <= everything.due_by_rule.items()


@given(reported=st.lists(st.tuples(st.sampled_from(list(IncidentRecipient)), st.integers(0, 200)), max_size=4))
def test_the_governing_clock_is_one_of_the_stored_ones_and_no_missed_clock_is_passed_over(reported):
    clocks = compute_incident_clocks(TODAY, laws=LAWS).due_by_rule
    reports = [report(recipient, hours) for recipient, hours in dict(reported).items()]
    governing = find_governing_clock(clocks, reports)
    assert clocks[governing.rule] == governing.due_at
    informed = {one.recipient: one.at for one in reports}
    unkept = [at for rule, at in clocks.items() if informed.get(RECIPIENT_BY_RULE[rule], at + timedelta(1)) > at]
    assert governing.due_at == (min(unkept) if unkept else max(clocks.values()))
    assert len(INCIDENT_CLOCKS) == len(IncidentRecipient)
