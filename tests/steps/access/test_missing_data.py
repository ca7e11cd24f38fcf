"""The completeness of a package, in codes and on the first page of the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.model import Absence, Outcome, Principal, TaskAction, TaskState
from tests.steps.access.export_case import GAPS, REQUEST, Package, case, first_page, task


def test_a_complete_answer_says_yes_and_that_nothing_is_missing():
    """P-10: the first thing is a plain yes."""
    letter = first_page(Package(case()))
    assert "Yes. We hold data about you: 4 records. The tables below say what, why and where." in letter
    assert "Every system we asked has answered." in letter
    assert "Nothing is missing" not in letter, "what was not asked may be missing"
    assert "not complete" not in letter
    assert "Dear Asha" in letter
    assert (
        "On 22 November 2026 Shopify, our shop platform, told us that you want a copy of your personal data" in letter
    )


def test_each_kind_of_gap_is_named_on_the_first_page():
    """I10: denied, unreached, not configured and unattributed are four different things."""
    package = Package(case(tasks=[task("shopify", gaps=GAPS[:2]), task("delhivery", gaps=GAPS[2:])]))
    assert not package.manifest.complete
    assert package.manifest.gaps == GAPS
    letter = first_page(package)
    assert "This copy is not complete" in letter
    assert "Shopify (our shop platform) did not let us read: phone (customer, default address)" in letter
    assert "did not let us read: your gift cards" in letter
    assert "read_gift_cards" not in letter
    assert "Delhivery (carrier) did not give us everything. Missing: 2 parcels" in letter
    assert "We have no access to Blue Dart (carrier) yet. Not asked for: 1 parcel" in letter
    assert "We could not tell whose these are" in letter
    missing = package.json("08_withheld.json")["missing"]
    assert [entry["kind"] for entry in missing] == ["denied", "denied", "unreached", "not_configured", "unattributed"]
    assert missing[1]["reason_code"] == "read_gift_cards"
    assert "This copy is not complete" in package.text("00_letter.txt")


@pytest.mark.parametrize(
    ("changes", "absence", "words"),
    [
        ({"state": TaskState.FAILED, "outcome": Outcome.UNREACHED}, Absence.UNREACHED, "It did not answer."),
        ({"state": TaskState.RETRY, "outcome": None}, Absence.UNREACHED, "It had not finished answering"),
        ({"state": TaskState.DONE, "outcome": Outcome.DENIED}, Absence.DENIED, "We lack a permission"),
        ({"state": TaskState.DONE, "outcome": Outcome.INCOMPLETE}, Absence.UNREACHED, "It did not answer."),
    ],
)
def test_a_system_that_did_not_answer_is_a_gap_by_itself(changes, absence, words):
    """S-01: expected sources must equal answered ones, also where the task named no gap."""
    package = Package(case(tasks=[task("shopify"), task("delhivery", finished_at=None, **changes)]))
    assert [gap.absence for gap in package.manifest.gaps] == [absence]
    assert words in first_page(package)
    source = package.json("01_summary.json")["sources"][1]
    assert source["result"] in ("error", "unavailable")
    assert source["answered_on"] == "not answered yet"


def test_no_system_asked_is_not_a_no():
    """Without a single system that was asked, the package claims nothing."""
    tasks = [task("shopify", action=TaskAction.ERASE)]
    package = Package(case([], tasks=tasks))
    assert not package.manifest.complete
    assert "We cannot say yet" in first_page(package)
    assert "No system was set up to be asked." in package.text("00_letter.html")


def test_nothing_found_is_the_same_package_with_the_log_of_the_search():
    """S-07: a plain no, empty categories, and which systems said so, when."""
    full = Package(case())
    package = Package(case([], tasks=[task("shopify", records=0), task("delhivery", records=0)]))
    assert list(package.files) == list(full.files)
    assert package.manifest.complete
    letter = package.text("00_letter.html")
    assert "No. We found no data about you" in letter
    assert "In short" not in letter
    assert "29 November 2026, 15:10" in letter
    summary = package.json("01_summary.json")
    assert summary["do_we_hold_data"]["answer"] == "no"
    assert [source["result"] for source in summary["sources"]] == ["nothing", "nothing"]
    assert {entry["records"] for entry in summary["categories"]} == {0}
    assert package.table("orders") == []


def test_an_unmatched_data_subject_is_told_so():
    """P-10 has a third answer."""
    request = replace(REQUEST, principal=Principal())
    package = Package(case([], request=request))
    assert package.json("01_summary.json")["do_we_hold_data"]["answer"] == "could_not_match"
    assert "could not tell which records are yours" in first_page(package)
