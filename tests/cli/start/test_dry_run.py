"""A dry run goes through the same checks as the deed, says the same, and changes nothing."""

from __future__ import annotations

import pytest

REASON = ("--reason", "ticket 4711")


def snapshot(office):
    """Return the facts, and what the listings show of every kind of row."""
    lists = (
        ("inbox", "list"),
        ("dsr", "list"),
        ("hold", "list"),
        ("refund", "list"),
        ("token", "list"),
        ("shop", "list"),
    )
    return office.facts(), [office.say(*words, "--json").json for words in lists]


@pytest.fixture(scope="module")
def deeds(office):
    """Return (the words of a deed that can be done, a word that says that it was done)."""
    delivery = office.fail(
        office.take("orders/updated", work=False, order=office.world.list_orders(office.world.asha)[0])
    )
    access = office.request("access")["id"]
    order = office.world.list_orders(office.world.asha)[0]
    opened = office.say(
        "hold",
        "open",
        "--shop",
        office.world.shop,
        "--order-id",
        str(order.id),
        "--reference",
        "C-17",
        "--reason",
        "chargeback",
        "--json",
    )
    held = office.say("dsr", "hold", access, "--reference", "C-18", "--reason", "suit filed", "--json")
    return [
        (("inbox", "dismiss", delivery, *REASON), "is closed"),
        (("dsr", "waive", access, *REASON), "the answer is waived"),
        (("dsr", "release", access, *REASON), f"{held.json['id']} is released"),
        (("hold", "release", opened.json["id"], *REASON), f"{opened.json['id']} is released"),
        (("token", "forget", office.world.shop), "are destroyed"),
        (
            ("dsr", "open", "erasure", "--email", "nobody@example.com", "--shop", office.world.shop, *REASON),
            "open erasure",
        ),
    ]


def test_a_dry_run_says_what_the_deed_says_and_changes_nothing(office, deeds):
    for words, done in deeds:
        before = snapshot(office)
        dry = office.say(*words, "--dry-run")
        assert (dry.code, dry.err) == (0, ""), words
        assert done in dry.out
        assert office.say(*words, "--dry-run", "--json").json["dry_run"] is True
        facts, rows = snapshot(office)
        searched = [fact for fact in facts if fact == "records.searched"]  # `dsr open --dry-run` looked for a person
        assert [fact for fact in facts if fact not in searched] == [fact for fact in before[0] if fact not in searched]
        assert rows == before[1]
        if words[:2] != ("dsr", "open"):
            assert "Dry run, nothing was changed." in dry.out


def test_what_the_deed_refuses_its_dry_run_refuses(office):
    for words in (
        ("inbox", "dismiss", "dlv_nobody", *REASON),
        ("dsr", "waive", "req_nobody", *REASON),
        ("dsr", "close", "req_nobody", *REASON),
        ("dsr", "cancel", office.request("erasure")["id"], *REASON),
        ("hold", "release", "clm_nobody", *REASON),
        ("refund", "erase", "rfd_nobody", *REASON),
        ("notice", "release", "ent_nobody", *REASON),
    ):
        dry, done = office.say(*words, "--dry-run"), office.say(*words, "--yes")
        assert (dry.code, done.code) == (1, 1), words
        if words[:2] != ("dsr", "cancel"):
            assert dry.err == done.err


def test_after_a_dry_run_the_deed_itself_can_be_done(office, deeds):
    for words, done in deeds[:4]:
        result = office.say(*words, "--yes")
        assert (result.code, done in result.out, "Dry run" in result.out) == (0, True, False), words


def test_an_id_of_another_kind_is_told_where_it_belongs(office):
    request_id = office.request("access")["id"]
    wrong = office.say("inbox", "show", request_id)
    assert wrong.code == 2
    assert f"Did you mean `bridge dsr show {request_id}`?" in " ".join(wrong.err.split())


def test_a_delivery_is_found_by_the_webhook_id_that_send_prints(office):
    rows = office.say("inbox", "list", "--json").json
    shown = office.say("inbox", "show", rows[0]["webhook_id"], "--json").json
    assert shown["id"] == rows[0]["id"]
    assert office.say("inbox", "show", "0b5a3f2e-0000-4000-8000-000000000000").err.startswith(
        "There is no delivery 0b5a3f2e"
    )


@pytest.mark.parametrize("account", ["123456789012", "4111 1111"])
def test_what_may_be_an_account_is_not_repeated(office, account):
    assert (
        office.say("refund", "show", account).err == "There is no refund of that id. `bridge refund list` lists them.\n"
    )
