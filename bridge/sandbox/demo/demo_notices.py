"""The demo's chapter on processors: who is instructed to erase and when, who answers, who is reminded, who must wait."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.sandbox.demo.console import chapter, count, fact, join_words, must
from bridge.sandbox.mail import find_answer_link, get_letter_text
from bridge.sandbox.merchant_files import CARRIER_CONTACTS

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import DemoEnvironment
    from bridge.sandbox.world.shipments import Parcel


def run_notices_chapter(demo: DemoEnvironment) -> None:
    """Show two letters, an answer, a reminder, an instruction that must wait, and an erasure by API."""
    bikram = demo.world.bikram
    chapter(4, f"The companies that hold data about {bikram.first} are instructed to erase it")
    parcels = {
        _find_account_holder(parcel): parcel for order in demo.world.list_orders(bikram) for parcel in order.parcels
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
            f"a letter to {carrier}", lambda carrier=carrier: demo.mailbox.find_letters(CARRIER_CONTACTS[carrier])
        )[0]
        for carrier in ("delhivery", "bluedart")
    )
    must(
        parcels["delhivery"].waybill in get_letter_text(delhivery),
        "Delhivery was instructed by e-mail to erase 1 parcel, which is delivered and paid for. "
        "The letter states the waybill and a link for the answer.",
    )
    must(
        parcels["bluedart"].waybill in get_letter_text(bluedart) and "(with " in get_letter_text(bluedart),
        "Blue Dart was instructed by e-mail to erase 1 parcel, which was returned to the shop. "
        "The letter states both of its waybills.",
    )
    must(
        not demo.mailbox.find_letters(CARRIER_CONTACTS["shiprocket"]),
        "Shiprocket was not instructed yet, because its parcel is still on the way.",
    )
    person = demo.world.bikram
    words = (person.first, person.last, person.email, person.phone.removeprefix("+91"), str(person.address["address1"]))
    letters = [letter.as_string() for letter in demo.mailbox.letters]
    must(not any(word in text for word in words for text in letters), f"No letter identifies {person.first}.")
    erased = demo.wait_until("AfterShip", lambda: _read_processor_field(demo, "aftership", "answers").get("erased"))
    fact(f"AfterShip was instructed through its API and erased {count(erased, 'record')}.")


def _answer_for_delhivery(demo: DemoEnvironment, parcel: Parcel) -> None:
    link = find_answer_link(demo.mailbox.find_letters(CARRIER_CONTACTS["delhivery"])[0])
    with urllib.request.urlopen(link, timeout=10) as page:  # noqa: S310 - our own page
        (item_id,) = set(re.findall(r'name="(ent_\w+)-answer"', page.read().decode()))
    demo.control_stand_in("parcels", stand_in="delhivery", waybill=parcel.waybill, forget_consignee=True)
    form = urllib.parse.urlencode({f"{item_id}-answer": "erased", "do": "answer"}).encode()
    with urllib.request.urlopen(link, data=form, timeout=10) as receipt:  # noqa: S310 - our own page
        must(
            receipt.status == 200,
            "Delhivery opened the link and answered that the parcel is erased. The link is now closed.",
        )
    verification = demo.wait_until("the second query", lambda: _read_processor_field(demo, "delhivery", "read_back"))
    must(
        verification == {"blank": 1},
        "The bridge queried Delhivery again and found no consignee. This supports the answer but does not prove it.",
    )


def _check_bluedart_reminder(demo: DemoEnvironment) -> None:
    letters = demo.wait_until(
        "a reminder", lambda: len(found := demo.mailbox.find_letters(CARRIER_CONTACTS["bluedart"])) > 1 and found
    )
    must(
        "and its date has passed" in get_letter_text(letters[1]),
        "Blue Dart did not answer in time and was reminded. The demo waits seconds; a shop waits days.",
    )


def _deliver_shiprocket_parcel(demo: DemoEnvironment, parcel: Parcel) -> None:
    arrived = datetime.now(UTC) - timedelta(hours=1)
    demo.control_stand_in(
        "parcels", stand_in="shiprocket", waybill=parcel.waybill, status="delivered", at=arrived.isoformat()
    )
    status = demo.post_signed_webhook("fulfillments/update", demo.world, parcel=replace(parcel, delivered_at=arrived))
    must(
        status == 200,
        "Shopify reported that the parcel of Shiprocket was delivered. The bridge did not store the data again.",
    )
    waiting = demo.wait_until(
        "the reason to wait",
        lambda: [row for row in _read_processor_field(demo, "shiprocket", "waiting") if row["not_before"]],
    )
    day = datetime.fromisoformat(waiting[0]["not_before"]).strftime("%d %b %Y")
    must(
        waiting[0]["reason"] == "cod_unremitted",
        "Shiprocket still owes the shop the cash for this parcel. "
        f"It will be instructed after it paid, or on {day} at the latest.",
    )


def _print_processor_summary(demo: DemoEnvironment) -> None:
    rows = _load_certificate(demo)["processors"]
    for row in rows:
        sent = [letter for letter in row["instructions"] if letter["sent_at"] and letter["via"] == "email"]
        reminded = sum(letter["reminders"] for letter in sent)
        details = [count(len(sent), "letter")] * bool(sent) + [count(reminded, "reminder")] * bool(reminded)
        details += [f"{count(number, 'record')} {answer}" for answer, number in row["answers"].items()]
        details += [
            f"{count(wait['entries'], 'record')} waiting for cash until {wait['not_before'][:10]}"
            for wait in row["waiting"]
            if wait["not_before"] and wait["reason"] == "cod_unremitted"
        ]
        company = row["recipient"].partition(" (")[0]
        fact(f"The certificate states for {company}: {row['answer'].replace('_', ' ')} ({', '.join(details)}).")
    unanswered = [row["recipient"].partition(" (")[0] for row in rows if row["answer"] != "erased"]
    must(unanswered, f"Still to answer: {join_words(unanswered)}.")
    _write_outcome(demo, unanswered)


def _write_outcome(demo: DemoEnvironment, unanswered: list[str]) -> None:
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    target = demo.results / "bikram-outcome.html"
    demo.run_command("dsr", "outcome", request["id"], "--out", str(target))
    letter = target.read_text()
    must(
        all(name in letter for name in unanswered),
        "A letter tells the same in plain words: what is gone, what stays until when, who must still answer, where to "
        f"complain. It is {target.name}.",
    )


def _load_certificate(demo: DemoEnvironment) -> Any:
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    return demo.write_evidence(request["id"], "bikram")["certificate"]


def _read_processor_field(demo: DemoEnvironment, processor: str, field: str) -> Any:
    """Return one field of the certificate's row about a processor."""
    (row,) = [row for row in _load_certificate(demo)["processors"] if row["system"] == processor]
    return row[field]
