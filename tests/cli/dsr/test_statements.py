"""What the merchant's file leaves unsaid keeps every access package back; once it is said, the package is made anew."""

from __future__ import annotations

import zipfile

import pytest

from bridge.sandbox.merchant_files import CONTACT_VALUES
from config.settings import MERCHANT_FILE
from config.toml_editor import set_values
from tests.cli.conftest import open_office
from tests.kit.config_files import copy_changed, write_named_merchant
from tests.kit.doctor_checks import index_checks

SOURCE = 'contact = "you, in your account and at checkout"\n'
ACTIVITIES = 'shipment = ["stored", "used to follow the parcel and its cash"]\n'
STATED = 'stated = "described"\n'
WHY = ("--reason", "an answer")
WHERE = ("[access.source] contact", "[access.activities] shipment", "[access.automated_decisions] stated")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A bridge whose merchant has left three things unsaid, with one access request answered."""
    folder = tmp_path_factory.mktemp("unstated")
    head, _, _ = MERCHANT_FILE.read_text().partition("[[access.automated_decisions.decision]]")
    decision = MERCHANT_FILE.read_text().removeprefix(head).partition("\n\n")[0]
    pairs = ((SOURCE, ""), (ACTIVITIES, 'shipment = [""]\n'), (STATED, 'stated = ""\n'), (decision, ""))
    path = copy_changed(MERCHANT_FILE, folder / "merchant.toml", pairs)
    named = {key: value for key, value in CONTACT_VALUES.items() if key[0] == "merchant"}
    path.write_text(set_values(path.read_text(), named))
    with open_office(folder, 4, BRIDGE_MERCHANT_FILE=str(path)) as office:
        office.take("customers/data_request", request_id=777)
        yield office


def test_what_is_not_stated_keeps_the_package_back_until_it_is_written(office, tmp_path):
    """Requirements P-30, P-04: the refusal names each place; then the package says what the merchant wrote."""
    request, target = office.request("access"), tmp_path / "copy.zip"
    refused = office.say("dsr", "package", request["id"], *WHY, "--out", str(target))
    assert (refused.code, target.exists()) == (1, False)
    assert "its letter would say 'not stated'" in refused.err
    for place in WHERE:
        assert f"{office.folder}/merchant.toml: {place} is not stated" in refused.err
    for key in ("name", "designation", "phone"):
        assert f"{office.folder}/merchant.toml: [grievance_officer] {key} is not set" in refused.err
    assert "package.released" not in office.facts()
    checks = [row for row in office.say("doctor", "--offline", "--json").json["checks"] if row["name"] == "letter"]
    assert [row["ok"] for row in checks] == [False] * len(WHERE)

    write_named_merchant(office.folder)
    handed_over = office.say("dsr", "package", request["id"], *WHY, "--out", str(target), "--json")
    assert handed_over.code == 0
    with zipfile.ZipFile(target) as bag:
        letter = " ".join(bag.read("data/00_letter.txt").decode().split())
    assert "not stated" not in letter
    assert "Devi Nowhere" in letter
    assert "Position: not yet published" not in letter
    assert "you, in your account and at checkout" in letter
    assert "Before cash on delivery is offered" in letter
    assert office.facts()[-2:] == ["package.sealed", "package.released"]
    again = office.say("dsr", "package", request["id"], *WHY, "--out", str(target), "--force")
    assert (again.code, office.facts()[-2:]) == (0, ["package.released"] * 2), (
        "a package that says all is not made anew"
    )
    assert index_checks(office.say("doctor", "--offline", "--json"))["letter"]["ok"] is True


def test_a_package_that_was_destroyed_is_not_made_anew(office, tmp_path):
    write_named_merchant(office.folder)
    request = office.request("access")
    with office.services.store.transaction() as tx:
        tx.packages.delete_package(request["id"])
    gone = office.say("dsr", "package", request["id"], *WHY, "--out", str(tmp_path / "none.zip"))
    assert gone.code == 1
    assert "has no package" in gone.err
