"""`law …`: days from the files alone, without database, network or key."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bridge.rules.retention.holds import RetentionHoldState
from config.retention_file.retention import load_retention
from tests.e2e import processes
from tests.kit.config_files import copy_changed

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "retention.toml"
VECTORS = json.loads((ROOT / "tests/fixtures/policy/clock_and_release_vectors.json").read_text())
# production does not start with these settings: the `law` commands need none of them
BARE = {"BRIDGE_ENV": "production", "DATABASE_URL": "postgresql://nobody@database.example.com/none"}


def law(*words: str) -> processes.Result:
    return processes.say(BARE, "law", *words)


def release(*words: str) -> Any:
    output = law("release", *words, "--json")
    assert output.code == 0, output.err
    return output.json


@pytest.fixture
def write_changed_rules(tmp_path):
    def change(old: str, new: str) -> str:
        return str(copy_changed(SHIPPED, tmp_path / "retention.toml", [(old, new)]))

    return change


@pytest.mark.parametrize("vector", VECTORS["tax_release"], ids=lambda each: each["invoice_issued_at"])
@pytest.mark.parametrize("form", ["proprietorship", "company", "unknown"])
def test_t09_the_days_of_the_vectors(vector, form):
    found = release("--issued", vector["invoice_issued_at"], "--legal-form", form, "--on", "2026-11-22")

    last = {row["hold"]: row["last_day"] for row in found["holds"]}
    assert last["gst_books"] == vector["gst_last_day"]
    assert last["income_tax_books"] == vector["income_tax_last_day"]
    assert last["companies_books"] == vector["companies_act_last_day"]
    binding = {row["hold"] for row in found["holds"] if row["state"] == "holds"}
    company = form != "proprietorship"
    assert ("companies_books" in binding) is company
    free = vector["erasable_from_company_or_unknown" if company else "erasable_from_noncompany"]
    assert (found["kept"], found["erasable_from"]) == (True, free)
    assert found["governed_by"] == ("companies_books" if company else "income_tax_books")


def test_t10_an_unknown_legal_form_releases_nothing_after_the_last_day():
    found = release("--issued", "2026-03-31T18:30:00Z", "--on", "2060-01-01")

    assert found["kept"]
    assert found["release_needs"] == ["merchant.legal_entity_type", "reviewed_on"]


def test_t11_the_latest_document_counts():
    invoice, note = "2027-03-30T10:00:00+05:30", "2027-04-02T10:00:00+05:30"

    apart = release("--issued", note, "--legal-form", "partnership")
    together = release("--issued", note, "--issued", invoice, "--legal-form", "partnership")

    assert together["erasable_from"] == apart["erasable_from"] == "2035-04-01"


def test_t17_the_one_year_rule_begins_on_its_day():
    case = ["--category", "contact", "--event", "last_processing_at=2027-02-13T10:00Z"]

    before, after = (release(*case, "--on", day) for day in ("2027-05-12", "2027-05-13"))
    abroad = release(*case, "--on", "2027-05-13", "--regime", "EU")

    assert (before["kept"], before["action"]) == (False, "erase")
    assert (after["kept"], after["action"], after["erasable_from"]) == (True, "restrict", "2028-02-14")
    assert [row["hold"] for row in abroad["holds"] if row["disclose"]] == ["dpdp_one_year"]
    result = law("release", *case, "--on", "2027-05-13", "--regime", "EU").out
    assert "dpdp_one_year is not a ground of the GDPR: the data subject must be informed." in result


def test_the_one_year_rule_says_why_it_does_not_reach_a_category(write_changed_rules):
    why = release("--category", "backup")["not_reached_by"]

    assert why == {"dpdp_one_year": "a copy of data that is reached under its own categories"}
    assert release("--category", "cod_risk")["not_reached_by"] == {}
    narrow = write_changed_rules('reach = "all"', 'reach = "none"')
    text = law("release", "--category", "contact", "--file", narrow, "--on", "2027-06-01").out
    assert "dpdp_one_year does not reach it: reach is none in the retention file." in text


def test_a_hold_that_is_over_shows_its_end(write_changed_rules):
    path = write_changed_rules('reviewed_on = "" ', "reviewed_on = 2026-12-01")
    words = ["release", "--file", path, "--issued", "2026-03-31T18:30:00Z", "--legal-form", "partnership"]

    over = law(*words, "--on", "2034-04-01").out
    assert "Nothing keeps it since 2034-04-01, after income_tax_books. On request: erase." in over
    assert "Erasable from 2034-04-01, governed by income_tax_books." in law(*words, "--on", "2034-03-31").out
    assert "without a known end, by gst_books" in law(*words, "--event", "tax_proceeding_open=2030-01-01T10:00Z").out


def test_a_record_that_no_law_keeps_still_has_a_maximum_age():
    """Requirement P-61."""
    found = release("--category", "cod_risk", "--event", "last_order_at=2027-06-01T10:00+05:30")

    assert (found["kept"], found["too_old_from"]) == (False, "2029-06-02")
    assert "No law in the file keeps this." in law("release", "--category", "suppression").out


def test_t01_every_clock_and_the_one_that_governs():
    words = ["due", "--received", "2027-01-31T10:00Z", "--webhook", "2027-02-10T08:00Z"]

    found = law(*words, "--json").json

    assert found["due_governed_by"] == "law_one_month"
    assert found["due_at"] == found["clocks"]["law_one_month"] == "2027-02-28T10:00:00+00:00"
    assert found["acknowledge_due_at"] == "2027-02-02T10:00:00+00:00"
    assert set(found["clocks"]) == {"policy_30_days", "law_one_month", "shopify_30_days"}
    lines = law(*words).out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("yes")] == ["law_one_month"]
    assert "2027-02-28 15:30" in next(line for line in lines if line.startswith("law_one_month"))


def test_a_moment_without_a_zone_is_of_the_merchant_s_zone():
    for option, bare in (("--received", "2027-01-31T10:00"), ("--received", "2027-01-31")):
        named = f"{bare}+05:30" if "T" in bare else f"{bare}T00:00+05:30"
        assert law("due", option, bare, "--json").json == law("due", option, named, "--json").json
    bare, named = (
        law("release", "--event", f"delivered_at=2026-11-22T10:00{zone}", "--json").json for zone in ("", "+05:30")
    )
    assert bare == named


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["due", "--received", "yesterday"], "'--received': 'yesterday' is no date or time: give 2026-11-30,"),
        (["due", "--received", "0001-01-01T00:00+05:30"], "is no date or time"),
        (["due", "--received", "9999-12-31T10:00Z"], "is no date or time"),
        (["due"], "Missing option '--received'"),
        (["release", "--event", "delivered_at=noon"], "'--event': 'noon' is no date or time"),
        (["release", "--event", "arrived_at=2026-11-22T10:00Z"], "it knows assessment_reopened,"),
        (["release", "--category", "everything"], "--category must be one of customer_profile,"),
        (["release", "--on", "today"], "'--on': 'today' is no date or time"),
    ],
)
def test_invalid_input_is_refused_with_a_correction(words, why):
    output = law(*words)

    assert output.code == 2
    assert why in " ".join(output.err.split())
    assert output.out == ""


def test_the_retention_file_is_shown_as_the_bridge_understands_it(write_changed_rules):
    found = law("show", "--on", "2027-05-13", "--json").json
    next_day = {row["law"]: row for row in law("show", "--on", "2027-05-14", "--json").json["laws"]}
    laws = {row["law"]: row for row in found["laws"]}

    assert [laws[each]["in_force"] for each in ("spdi", "dpdp_core", "cgst")] == [True, True, True]
    assert [next_day[each]["in_force"] for each in ("spdi", "dpdp_core", "cgst")] == [False, True, True]
    assert not laws["llp"]["applies"]
    assert laws["spdi"]["confidence"] == "primary-copy"
    assert found["holds"][0]["dpv_justification"].endswith("#LegalObligationImpaired")
    assert found["categories"][0]["policy_sections"] == ["2", "5.iii", "5.ix", "13"]
    assert {row["hold"] for row in found["holds"] if not row["binds"]} == {"llp_books", "bis_5y", "pmla_5y"}
    text = law("show", "--on", "2027-05-12")
    assert text.code == 0
    assert "not set: merchant.legal_entity_type" in text.out
    broken = law("show", "--file", write_changed_rules('gdpr_ground = "17(3)(e)"', 'gdpr_ground = "17(3)(b)"'))
    assert broken.code == 1
    assert "kept until this is corrected:" in broken.out
    assert "[hold.gst_books] gdpr_ground names Art 17(3)(b)" in broken.out


def test_every_hold_and_state_is_explained_on_the_page():
    page = (ROOT / "docs" / "law.md").read_text()
    holds = {row["hold"] for row in law("show", "--json").json["holds"]}

    assert {each for each in holds | set(RetentionHoldState) if f"`{each}`" not in page} == set()


def read_table(heading):
    """The rows of the first table below a heading of the page, as lists of cells."""
    page = (ROOT / "docs" / "law.md").read_text()
    lines = page.split(f"\n## {heading}\n")[1].split("\n## ")[0].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[first + 1 :])
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]


def test_every_law_stands_on_the_page_with_its_days_its_title_and_what_was_seen_of_it():
    laws = {law.id: law for law in load_retention(SHIPPED).laws.values()}
    rows = {row[0].strip("`"): row[1:] for row in read_table("Where each law comes from")}

    assert {name: (*row[:3], row[5]) for name, row in rows.items()} == {
        law.id: (str(law.in_force_from), str(law.in_force_to or "-"), law.title, law.confidence)
        for law in laws.values()
    }
    assert [name for name, row in rows.items() if not all(row) or len(row) != 7] == []
    named = {hold.id: hold.law for hold in load_retention(SHIPPED).holds.values()}
    assert [hold for hold, law in named.items() if f"`{hold}`" not in rows[law][3]] == []


def test_every_hold_stands_on_the_page_with_its_rule():
    rows = {
        name: row[1].strip("`") for row in read_table("What each hold does") for name in re.findall(r"`(\w+)`", row[0])
    }

    assert rows == {
        hold.id: " ".join([hold.last_day_rule, *map(str, hold.args.values())])
        for hold in load_retention(SHIPPED).holds.values()
    }


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    output = law("release", "--file", str(tmp_path / "nowhere.toml"))

    assert output.code == 1
    assert "cannot be read" in output.err
