"""`dsr outcome`: the letter of an erasure is a file or stdout, is recorded, and is refused while a contact is blank."""

from __future__ import annotations

import hashlib
import stat

from bridge.model import RequestKind
from tests.factories import make_request, opened


def test_the_outcome_is_a_private_file_that_is_recorded_and_names_nobody(named, tmp_path):
    request = named.request("erasure")
    person = named.world.bikram
    parcels = [parcel.waybill for order in named.world.list_orders(person) for parcel in order.parcels]
    for name, opening in (("outcome.html", "<!doctype html>"), ("outcome.txt", "MINI MISS")):
        target = tmp_path / name
        result = named.say("dsr", "outcome", request["id"], "--out", str(target), "--json")
        assert result.code == 0, result.err
        content = target.read_text()
        assert content.startswith(opening)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert result.json["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
        with named.services.store.transaction() as tx:
            [*_, fact] = tx.evidence.list_facts_of_request(request["id"])
            certificate = tx.packages.find_certificate(request["id"])
        assert (fact.fact, fact.detail["sha256"]) == ("outcome.released", result.json["sha256"])
        assert fact.detail["certificate_issued_at"] == certificate["issued_at"]
        assert request["id"] in content
        for value in (person.first, person.last, person.email, person.phone, str(person.id), *parcels):
            assert value not in content
        for row in certificate["processors"]:
            assert row["recipient"].casefold() in content.casefold()


def test_it_is_never_written_over_a_file_and_then_nothing_is_recorded(named, tmp_path):
    request, target = named.request("erasure"), tmp_path / "outcome.html"
    target.write_text("something else")
    facts = named.facts()
    assert named.say("dsr", "outcome", request["id"], "--out", str(target)).code == 2
    assert named.say("dsr", "outcome", request["id"], "--out", str(tmp_path / "outcome.pdf")).code == 2
    assert (target.read_text(), named.facts()) == ("something else", facts)
    assert named.say("dsr", "outcome", request["id"], "--out", str(target), "--force").code == 0
    assert target.read_text().startswith("<!doctype html>")


def test_a_dash_prints_the_text_alone(named):
    request = named.request("erasure")
    printed = named.say("dsr", "outcome", request["id"], "--out", "-")
    assert printed.code == 0
    assert printed.out.startswith("MINI MISS\nThe erasure of your data")
    as_json = named.say("dsr", "outcome", request["id"], "--out", "-", "--json").json
    assert as_json["text"].splitlines()[0] == "MINI MISS"
    assert not (named.folder / "-").exists()


def test_while_a_contact_is_blank_nothing_is_written_and_the_keys_are_named(office, tmp_path):
    """Requirement P-04: letters are refused with an empty contact."""
    request, target, facts = office.request("erasure"), tmp_path / "outcome.html", office.facts()
    refused = office.say("dsr", "outcome", request["id"], "--out", str(target))
    assert refused.code == 1
    for key in ("[merchant] legal_name", "[grievance_officer] name", "[grievance_officer] phone"):
        assert key in refused.err
    assert not target.exists()
    assert office.facts() == facts


def test_other_requests_have_no_outcome_and_say_what_they_have(named, tmp_path):
    target = str(tmp_path / "outcome.html")
    access = named.say("dsr", "outcome", named.request("access")["id"], "--out", target)
    assert (access.code, "dsr package" in access.err) == (1, True)
    assert named.say("dsr", "outcome", "req_nobody", "--out", target).code == 1
    words = ("--customer-id", "7999", "--reason", "letter of 12 Nov", "--json")
    new = named.say("dsr", "open", "erasure", "--yes", "--shop", named.world.shop, *words)
    early = named.say("dsr", "outcome", new.json["id"], "--out", target)
    assert (early.code, "is not done yet" in early.err) == (1, True)
    with named.services.store.transaction() as tx:
        request = opened(tx, make_request(kind=RequestKind.SHOP_ERASURE, shop=named.world.shop))
    shop = named.say("dsr", "outcome", request.id, "--out", target)
    assert (shop.code, "erasure of a shop" in shop.err) == (1, True)
