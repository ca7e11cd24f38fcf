"""The demo's chapter about those who hold Bikram's parcels: who is told when, who answers, who does not, who waits."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.demo.console import chapter, fact, must
from bridge.sandbox.mail import link_of, text_of
from bridge.sandbox.merchant_files import CONTACTS

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import Stage
    from bridge.sandbox.world.shipments import Parcel


def processors_are_told(stage: Stage) -> None:
    """Two letters, an answer, a reminder, one that waits, and one whose own interface erases."""
    bikram = stage.world.bikram
    chapter(4, "Those who hold his parcels are told")
    parcels = {_holder(parcel): parcel for order in stage.world.orders_of(bikram) for parcel in order.parcels}
    _letters(stage, parcels)
    _delhivery_answers(stage, parcels["delhivery"])
    _bluedart_does_not(stage)
    _shiprocket_waits(stage, parcels["shiprocket"])
    _what_it_comes_to(stage)


def _holder(parcel: Parcel) -> str:
    return parcel.carrier if parcel.account_holder == "merchant" else parcel.account_holder


def _letters(stage: Stage, parcels: dict[str, Parcel]) -> None:
    delhivery, bluedart = (
        stage.until(f"a letter to {carrier}", lambda carrier=carrier: stage.mailbox.to(CONTACTS[carrier]))[0]
        for carrier in ("delhivery", "bluedart")
    )
    must(
        parcels["delhivery"].waybill in text_of(delhivery),
        "Delhivery: delivered, its cash handed on: a letter, by SMTP, with the waybill and a link",
    )
    must(
        parcels["bluedart"].waybill in text_of(bluedart) and "(with " in text_of(bluedart),
        "Blue Dart: went back to its origin: a letter with both waybills of the parcel",
    )
    must(
        not stage.mailbox.to(CONTACTS["shiprocket"]),
        "Shiprocket, who booked the third one: still moving, so nobody is told yet",
    )
    person = stage.world.bikram
    words = (
        person.first,
        person.last,
        person.email,
        person.phone.removeprefix("+91"),
        str(person.address["address1"]),
    )
    letters = [letter.as_string() for letter in stage.mailbox.letters]
    must(not any(word in text for word in words for text in letters), "no letter names him")
    erased = stage.until("AfterShip", lambda: _row(stage, "aftership", "answers").get("erased"))
    fact(f"AfterShip has an interface that erases: {erased} of its copies are gone, without a letter")


def _delhivery_answers(stage: Stage, parcel: Parcel) -> None:
    link = link_of(stage.mailbox.to(CONTACTS["delhivery"])[0])
    with urllib.request.urlopen(link, timeout=10) as page:  # noqa: S310 - our own page
        (entry,) = set(re.findall(r'name="(ent_\w+)-answer"', page.read().decode()))
    stage.control("parcels", of="delhivery", waybill=parcel.waybill, forget_consignee=True)
    form = urllib.parse.urlencode({f"{entry}-answer": "erased", "do": "answer"}).encode()
    with urllib.request.urlopen(link, data=form, timeout=10) as receipt:  # noqa: S310 - our own page
        must(
            receipt.status == 200, "Delhivery answers on the page behind the link: erased; the link has ended"
        )
    found = stage.until("the second look", lambda: _row(stage, "delhivery", "read_back"))
    must(
        found == {"blank": 1}, "asked once more, Delhivery shows nobody: supports the answer, proves nothing"
    )


def _bluedart_does_not(stage: Stage) -> None:
    letters = stage.until(
        "a reminder", lambda: len(found := stage.mailbox.to(CONTACTS["bluedart"])) > 1 and found
    )
    must(
        "and its date has passed" in text_of(letters[1]),
        "Blue Dart does not answer: overdue, and reminded (here after seconds, else after days)",
    )


def _shiprocket_waits(stage: Stage, parcel: Parcel) -> None:
    arrived = datetime.now(UTC) - timedelta(hours=1)
    stage.control(
        "parcels", of="shiprocket", waybill=parcel.waybill, status="delivered", at=arrived.isoformat()
    )
    told = stage.post("fulfillments/update", stage.world, parcel=replace(parcel, delivered_at=arrived))
    must(told == 200, "the third parcel arrives: the shop's webhook tells, and nothing of him is kept")
    waits = stage.until(
        "what it waits for",
        lambda: [row for row in _row(stage, "shiprocket", "waiting") if row["not_before"]],
    )
    day = datetime.fromisoformat(waits[0]["not_before"]).strftime("%d %b %Y")
    must(
        waits[0]["reason"] == "cod_unremitted",
        f"its cash is not handed on yet: Shiprocket is told when it is, or on {day} ({waits[0]['reason']})",
    )


def _what_it_comes_to(stage: Stage) -> None:
    for row in _certificate(stage)["processors"]:
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


def _certificate(stage: Stage) -> Any:
    request = stage.request("erasure", stage.world.shop)
    return stage.evidence(request["id"], "bikram")["certificate"]


def _row(stage: Stage, processor: str, name: str) -> Any:
    """One entry of the certificate's row about a processor."""
    (row,) = [row for row in _certificate(stage)["processors"] if row["system"] == processor]
    return row[name]
