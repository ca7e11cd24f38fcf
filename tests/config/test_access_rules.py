"""`[access]` of the merchant's file: what is said of the use of data, what is missing, and which words are no statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.errors import SettingsInvalid
from config.merchant_file.access_rules import AccessRules, AutomatedDecision
from config.merchant_file.merchant import load_merchant
from config.readiness import list_file_blockers, list_unstated
from config.retention_file.retention import load_retention
from config.settings import MERCHANT_FILE, RETENTION_FILE
from tests.kit.config_files import copy_changed

RETENTION = load_retention(RETENTION_FILE)
SOURCE = 'support = "your messages to us"'
ACTIVITIES = 'support = ["stored", "answered"]'


def list_unstated_of(tmp_path, *pairs):
    path = copy_changed(MERCHANT_FILE, tmp_path / "merchant.toml", pairs)
    return [each.removeprefix(f"{path}: ") for each in list_unstated(load_merchant(path), RETENTION, path)]


def test_the_shipped_file_states_everything():
    assert list_unstated(load_merchant(MERCHANT_FILE), RETENTION, MERCHANT_FILE) == []
    assert load_merchant(MERCHANT_FILE).access.decisions[0].human_review == "", "nobody has said so"


@pytest.mark.parametrize(
    "text",
    ["", 'support = ""', 'support = "  "', 'support = { value = "", status = "unset" }', 'support = "[Insert it]"'],
)
def test_a_blank_source_states_nothing(tmp_path, text):
    assert list_unstated_of(tmp_path, (SOURCE, text)) == ["[access.source] support is not stated"]


@pytest.mark.parametrize(
    "text", ["", "support = []", 'support = [""]', 'support = [" ", ""]', 'support = ["[Insert it]"]']
)
def test_blank_activities_state_nothing(tmp_path, text):
    assert list_unstated_of(tmp_path, (ACTIVITIES, text)) == ["[access.activities] support is not stated"]


def test_a_file_of_an_earlier_release_states_nothing():
    """Every category twice, and whether programs decide; that there are no decisions is a statement."""
    missing = AccessRules().list_missing_statements(RETENTION.categories)
    assert len(missing) == 2 * len(RETENTION.categories) + 1
    silent = replace(load_merchant(MERCHANT_FILE).access, decisions=(), automated_decisions="described")
    where = [("access.automated_decisions", "stated")]
    assert silent.list_missing_statements(RETENTION.categories) == where, "described, and none is"
    assert replace(silent, automated_decisions="none").list_missing_statements(RETENTION.categories) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('stated = "described"', 'stated = "none"', '[access.automated_decisions] stated must be "described"'),
        ('stated = "described"', 'stated = "maybe"', "[access.automated_decisions] stated must be one of"),
        (
            'stated = "described"',
            'stated = "described"\nseen = true',
            "[access.automated_decisions] seen is not a known key",
        ),
        ('effect = "Cash on delivery may not be offered to you."', "", "effect is missing: add a line for it"),
        ('inputs = ["how you used the shop", ', 'inputs = [" "] # ', "inputs must name at least one"),
        ('purpose = "xv"', 'purpose = "xv"\nopt_out = true', "opt_out is not a known key"),
    ],
)
def test_a_misspelt_statement_is_a_fault(tmp_path, old, new, fault):
    path = copy_changed(MERCHANT_FILE, tmp_path / "merchant.toml", [(old, new)])
    with pytest.raises(SettingsInvalid) as caught:
        load_merchant(path)
    assert any(fault in each for each in caught.value.faults)


def test_a_statement_about_no_category_and_for_no_purpose_is_named():
    merchant = load_merchant(MERCHANT_FILE)
    decision = AutomatedDecision(about="a discount", purpose="xx", logic="l", inputs=("i",), effect="e")
    access = replace(
        merchant.access, source={"helpdesk": "you"}, activities={"orders": ("kept",)}, decisions=(decision,)
    )
    blockers = list_file_blockers(replace(merchant, access=access), RETENTION, MERCHANT_FILE, RETENTION_FILE)
    assert {
        "config/merchant.toml: [access.source] helpdesk is no category of the retention file",
        "config/merchant.toml: [access.activities] orders is no category of the retention file",
        "config/merchant.toml: [access.automated_decisions.decision.a discount] purpose is no purpose of the retention file",
    } <= set(blockers)
