"""The demo's chapter about those who hold Bikram's parcels: who is told when, who answers, who does not, who waits."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.demo.console import chapter, fact, must
from bridge.sandbox.mail import find_answer_link, get_letter_text
from bridge.sandbox.merchant_files import CARRIER_CONTACTS

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import DemoEnvironment
    from bridge.sandbox.world.shipments import Parcel


def run_notices_chapter(demo: DemoEnvironment) -> None:
    """Two letters, an answer, a reminder, one that waits, and one whose own interface erases."""
    bikram = demo.world.bikram
    chapter(4, "Those who hold his parcels are told")
    parcels = {
        _find_account_holder(parcel): parcel
        for order in demo.world.list_orders(bikram)
        for parcel in order.parcels
    }
    _check_letters(demo, parcels)
    _answer_for_delhivery(demo, parcels["delhivery"])
    _check_bluedart_reminder(demo)
    _deliver_shiprocket_parcel(demo, parcels["shiprocket"])
    _print_processor_summary(demo)


def _find_account_holder(parcel: Parcel) -> str:
    return parcel.carrier if parcel.account_holder == "merchant" else parcel.account_holder


def _check_letters(demo: DemoEnvironment, parcels: dict[str, Parcel]) -> None:
    delhivery, bluedart = (
        demo.wait_until(
            f"a letter to {carrier}",
            lambda carrier=carrier: demo.mailbox.find_letters(CARRIER_CONTACTS[carrier]),
        )[0]
        for carrier in ("delhivery", "bluedart")
    )
    must(
        parcels["delhivery"].waybill in get_letter_text(delhivery),
        "Delhivery: delivered, its cash handed on: a letter, by SMTP, with the waybill and a link",
    )
    must(
        parcels["bluedart"].waybill in get_letter_text(bluedart) and "(with " in get_letter_text(bluedart),
        "Blue Dart: went back to its origin: a letter with both waybills of the parcel",
    )
    must(
        not demo.mailbox.find_letters(CARRIER_CONTACTS["shiprocket"]),
        "Shiprocket, who booked the third one: still moving, so nobody is told yet",
    )
    person = demo.world.bikram
    words = (
        person.first,
        person.last,
        person.email,
        person.phone.removeprefix("+91"),
        str(person.address["address1"]),
    )
    letters = [letter.as_string() for letter in demo.mailbox.letters]
    must(not any(word in text for word in words for text in letters), "no letter names him")
    erased = demo.wait_until(
        "AfterShip", lambda: _read_processor_field(demo, "aftership", "answers").get("erased")
    )
    fact(f"AfterShip has an interface that erases: {erased} of its copies are gone, without a letter")


def _answer_for_delhivery(demo: DemoEnvironment, parcel: Parcel) -> None:
    link = find_answer_link(demo.mailbox.find_letters(CARRIER_CONTACTS["delhivery"])[0])
    with urllib.request.urlopen(link, timeout=10) as page:  # noqa: S310 - our own page
        (entry,) = set(re.findall(r'name="(ent_\w+)-answer"', page.read().decode()))
    demo.control_stand_in("parcels", stand_in="delhivery", waybill=parcel.waybill, forget_consignee=True)
    form = urllib.parse.urlencode({f"{entry}-answer": "erased", "do": "answer"}).encode()
    with urllib.request.urlopen(link, data=form, timeout=10) as receipt:  # noqa: S310 - our own page
        must(
            receipt.status == 200, "Delhivery answers on the page behind the link: erased; the link has ended"
        )
    found = demo.wait_until("the second look", lambda: _read_processor_field(demo, "delhivery", "read_back"))
    must(
        found == {"blank": 1}, "asked once more, Delhivery shows nobody: supports the answer, proves nothing"
    )


def _check_bluedart_reminder(demo: DemoEnvironment) -> None:
    letters = demo.wait_until(
        "a reminder",
        lambda: len(found := demo.mailbox.find_letters(CARRIER_CONTACTS["bluedart"])) > 1 and found,
    )
    must(
        "and its date has passed" in get_letter_text(letters[1]),
        "Blue Dart does not answer: overdue, and reminded (here after seconds, else after days)",
    )


def _deliver_shiprocket_parcel(demo: DemoEnvironment, parcel: Parcel) -> None:
    arrived = datetime.now(UTC) - timedelta(hours=1)
    demo.control_stand_in(
        "parcels", stand_in="shiprocket", waybill=parcel.waybill, status="delivered", at=arrived.isoformat()
    )
    told = demo.post_signed_webhook(
        "fulfillments/update", demo.world, parcel=replace(parcel, delivered_at=arrived)
    )
    must(told == 200, "the third parcel arrives: the shop's webhook tells, and nothing of him is kept")
    waits = demo.wait_until(
        "what it waits for",
        lambda: [row for row in _read_processor_field(demo, "shiprocket", "waiting") if row["not_before"]],
    )
    day = datetime.fromisoformat(waits[0]["not_before"]).strftime("%d %b %Y")
    must(
        waits[0]["reason"] == "cod_unremitted",
        f"its cash is not handed on yet: Shiprocket is told when it is, or on {day} ({waits[0]['reason']})",
    )


def _print_processor_summary(demo: DemoEnvironment) -> None:
    for row in _load_certificate(demo)["processors"]:
        sent = [letter for letter in row["instructions"] if letter["sent_at"] and letter["via"] == "email"]
        reminded = sum(letter["reminders"] for letter in sent)
        told = [f"{len(sent)} letter"] * bool(sent) + [f"{reminded} reminder"] * bool(reminded)
        told += [f"{count} {answer}" for answer, count in row["answers"].items()]
        told += [
            f"{wait['entries']} waits ({wait['reason']}) until {wait['not_before'][:10]}"
            for wait in row["waiting"]
            if wait["not_before"]
        ]
        fact(f"the certificate says: {row['recipient']}: {row['answer']}: {', '.join(told)}")


def _load_certificate(demo: DemoEnvironment) -> Any:
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    return demo.write_evidence(request["id"], "bikram")["certificate"]


def _read_processor_field(demo: DemoEnvironment, processor: str, field: str) -> Any:
    """One entry of the certificate's row about a processor."""
    (row,) = [row for row in _load_certificate(demo)["processors"] if row["system"] == processor]
    return row[field]
