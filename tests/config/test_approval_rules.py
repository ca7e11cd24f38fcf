"""`[approval]` of the merchant's file: what is misspelt or contradicts itself is a fault."""

from __future__ import annotations

import pytest

from bridge.errors import SettingsInvalid
from config.merchant_file.approval_rules import ALWAYS_TWO, ApprovalRules
from config.merchant_file.merchant import load_merchant
from config.settings import MERCHANT_FILE
from tests.kit.config_files import copy_changed

TWO = 'two_people = ["nominee_exercise", "incident"]'


def load_rules(folder, *pairs):
    return load_merchant(copy_changed(MERCHANT_FILE, folder / "merchant.toml", pairs)).approval


def test_the_shipped_file_says_what_is_meant_without_it(tmp_path):
    assert load_rules(tmp_path) == ApprovalRules()
    (tmp_path / "bare").mkdir()
    bare = MERCHANT_FILE.read_text().partition("[approval]\n")
    text = bare[0] + bare[2].partition("\n\n")[2]
    (tmp_path / "bare" / "merchant.toml").write_text(text)
    assert load_merchant(tmp_path / "bare" / "merchant.toml").approval == ApprovalRules()


def test_what_is_named_is_obeyed_and_two_kinds_keep_two_people(tmp_path):
    rules = load_rules(tmp_path, (TWO, 'two_people = ["erasure"]'), ("doors_without = []", 'doors_without = ["api"]'))
    assert (set(rules.two_people), rules.doors_without) == ({"erasure", *ALWAYS_TWO}, ("api",))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (TWO, 'two_people = ["erasures"]', "[approval] two_people must hold only"),
        ("doors_without = []", 'doors_without = ["webhook"]', "[approval] doors_without must hold only"),
        ('"processor_list"]', '"incident"]', "[approval] kinds_without must not hold incident"),
        (TWO, 'two_people = ["access"]', "[approval] two_people must not hold access"),
        ("cooling_off_hours = 48", "cooling_off_hours = -1", "[approval] cooling_off_hours"),
        ("cooling_off_hours = 48", "cooling_of_hours = 48", "[approval] cooling_of_hours"),
    ],
)
def test_a_fault_names_its_place(tmp_path, old, new, fault):
    with pytest.raises(SettingsInvalid) as raised:
        load_rules(tmp_path, (old, new))
    assert fault in str(raised.value)
