"""Run the whole product once against stand-ins of Shopify and the carriers, and check every result.

Orders come in and ship. Asha asks for a copy of all personal data, Bikram asks for erasure, a shop leaves, persons write to
the shop.
The exit code is 1 if any check fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.errors import BridgeError
from bridge.sandbox.demo.console import BOLD, DIM, OFF, chapter, count, fact, join_words, must, say
from bridge.sandbox.demo.demo_approval import run_approval_chapter
from bridge.sandbox.demo.demo_env import DemoEnvironment, DemoFailed
from bridge.sandbox.demo.demo_mail import run_mail_chapter
from bridge.sandbox.demo.demo_notices import run_notices_chapter
from bridge.sandbox.demo.demo_tax import list_laws, run_tax_chapter
from bridge.sandbox.demo.demo_verification import run_verification_chapter
from bridge.sandbox.processes import ROOT
from bridge.sandbox.world.models import World

RESULTS_FOLDER = ROOT / "var" / "demo"
SYSTEM_NAMES = {
    "shopify": "Shopify",
    "aftership": "AfterShip",
    "bluedart": "Blue Dart",
    "delhivery": "Delhivery",
    "shiprocket": "Shiprocket",
}


def main() -> None:
    """Run all chapters once. Exits with 1 if a check fails."""
    parser = argparse.ArgumentParser(prog="python -m bridge demo", description=__doc__)
    parser.add_argument("--orders", type=int, default=40, help="number of invented orders of the first shop")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards")
    options = parser.parse_args()
    started_at = time.monotonic()
    shutil.rmtree(RESULTS_FOLDER, ignore_errors=True)
    say(f"{DIM}Starting stand-ins for Shopify, the carriers and a mail server, then Redis and the bridge …{OFF}")
    say(f"{DIM}The whole story takes 1 to 2 minutes, longer on a busy machine.{OFF}")
    try:
        demo = DemoEnvironment(orders=options.orders, results=RESULTS_FOLDER)
        with demo:
            fact(
                f"Everything runs after {time.monotonic() - started_at:.1f} s. The bridge listens at {demo.bridge.url}."
            )
            run_shipping_chapter(demo)
            run_access_chapter(demo)
            run_erasure_chapter(demo)
            run_notices_chapter(demo)
            run_tax_chapter(demo)
            run_shop_exit_chapter(demo)
            run_approval_chapter(demo)
            run_mail_chapter(demo)
            run_verification_chapter(demo)
            say(f"\n{BOLD}All checks passed in {time.monotonic() - started_at:.0f} s.{OFF} The results are in:")
            for path in sorted(RESULTS_FOLDER.iterdir()):
                say(f"   {path.relative_to(ROOT)}")
            say("\nOpen this in a browser: var/demo/asha-letter.html, the letter that Asha gets.")
            say("Next: make run SANDBOX=1 starts the same servers for you to try.")
            if options.keep:
                _keep_running(demo)
        if not options.keep:
            shutil.rmtree(demo.folder, ignore_errors=True)
    except (DemoFailed, BridgeError) as fault:
        say(f"\n{BOLD}The demo failed:{OFF} {fault}")
        sys.exit(1)


def run_shipping_chapter(demo: DemoEnvironment) -> None:
    """Place every order of both shops and ship its parcels."""
    chapter(1, "Two shops sell and ship orders")
    started_at = time.monotonic()
    statuses = [status for world in (demo.world, demo.uninstalled_world) for status in _post_all_orders(demo, world)]
    duration_s = time.monotonic() - started_at
    must(
        set(statuses) == {200},
        f"Shopify sent {len(statuses)} signed webhooks about customers, orders and parcels. "
        f"The bridge stored each one before it answered 200. This took {duration_s:.1f} s.",
    )
    demo.wait_until(
        "indexing the orders", lambda: not demo.run_command("inbox", "list", "--state", "received", "--limit", "1")
    )
    fact("The bridge recorded which carrier holds a parcel of which customer. It destroyed the webhook bodies.")
    fact(
        "The bridge sealed a copy of each invoice for the tax books. Every copy states the State of delivery; "
        "a copy names the buyer only if tax law requires it."
    )
    forged = demo.post_forged_webhook("customers/redact", demo.world)
    must(forged == 401, "A webhook with a false signature was refused with 401.")


def _post_all_orders(demo: DemoEnvironment, world: World) -> list[int]:
    statuses = [demo.post_signed_webhook("customers/create", world, person=person) for person in world.people]
    for order in world.orders:
        statuses.append(demo.post_signed_webhook("orders/create", world, order=order))
        if order.gateway != "cod":
            statuses.append(demo.post_signed_webhook("orders/paid", world, order=order))
        statuses += [demo.post_signed_webhook("fulfillments/create", world, parcel=parcel) for parcel in order.parcels]
        if order.parcels:
            statuses.append(demo.post_signed_webhook("orders/fulfilled", world, order=order))
    return statuses


def run_access_chapter(demo: DemoEnvironment) -> None:
    """Answer an access request with a package."""
    asha = demo.world.asha
    chapter(2, f"{asha.name} asks the shop for a copy of the personal data that it holds")
    must(
        demo.post_signed_webhook("customers/data_request", demo.world) == 200,
        "Shopify passed the access request on (webhook customers/data_request). The bridge stored it.",
    )
    request = demo.wait_for_closed_request("access", demo.world.shop)
    details = demo.run_command("dsr", "show", request["id"])
    _print_deadlines(details)
    for task in details["tasks"]:
        must(
            task["outcome"] in ("found", "absent"),
            f"The bridge searched {SYSTEM_NAMES[task['system']]} and found "
            f"{count(task['records'], 'record')} about {asha.first}.",
        )
    must(request["complete"], "Every system answered.")
    target = demo.results / "asha-access-package.zip"
    demo.run_command("dsr", "package", request["id"], "--out", str(target), "--reason", "answer to the request")
    with zipfile.ZipFile(target) as package:
        names = package.namelist()
        letter = next(name for name in names if name.endswith("00_letter.html"))
        (demo.results / "asha-letter.html").write_bytes(package.read(letter))
        recipients = json.loads(package.read(next(name for name in names if name.endswith("02_recipients.json"))))
        everything = b"".join(package.read(name) for name in names)
    fact(f"The package has {len(names)} files. The letter to {asha.first} is asha-letter.html.")
    demo.run_command("dsr", "deliver", request["id"], "--by", "e-mail")
    must(
        not demo.run_command("dsr", "show", request["id"])["late"],
        f"The shop sent the package to {asha.first} and recorded that. It counts as answered, in time, from then on.",
    )
    companies = [(row["legal_name"] or row["id"]).partition(" (")[0] for row in recipients["recipients"]]
    fact(f"The package names who received the data: {join_words(companies)}.")
    parcels = [parcel for order in demo.world.list_orders(asha) for parcel in order.parcels]
    known_values = [asha.email, *(parcel.waybill for parcel in parcels), "7 Nowhere Lane"]
    must(
        all(value.encode() in everything for value in known_values),
        f"The e-mail address, the street and all waybills of {asha.first} are in it ({len(known_values)} values checked).",
    )


def _print_deadlines(request_details: Any) -> None:
    due, acknowledge = (_format_deadline(request_details[name]) for name in ("due_at", "acknowledge_due_at"))
    fact(
        f"The shop must acknowledge the request by {acknowledge} and answer it by {due} "
        f"(clock: {request_details['due_governed_by'].replace('_', ' ')})."
    )


def _format_deadline(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).strftime("%d %b %Y %H:%M UTC")


def run_erasure_chapter(demo: DemoEnvironment) -> None:
    """Carry out an erasure request; then post a late webhook about the erased customer."""
    bikram = demo.world.bikram
    chapter(3, f"{bikram.name} asks for erasure")
    demo.control_stand_in("redact", customer_id=bikram.id)
    fact(f"Shopify erased its own copy of the data about {bikram.first}.")
    must(
        demo.post_signed_webhook("customers/redact", demo.world, person=bikram) == 200,
        "Shopify then instructed the shop to erase its copies (webhook customers/redact). The bridge stored the request.",
    )
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    bundle = demo.write_evidence(request["id"], "bikram")
    certificate = bundle["certificate"]
    _print_deadlines(bundle)
    must(
        certificate["erased"],
        f"The bridge erased {_format_counts(certificate['erased'])} of {bikram.first}. "
        "It read its tables again and found nothing.",
    )
    for row in certificate["kept"]:
        law = list_laws(row) or "none"
        until = row["until"] or "every company below has answered"
        is_elsewhere = row.get("system") in SYSTEM_NAMES
        where = f"Left at {SYSTEM_NAMES[row['system']]}" if is_elsewhere else f"Withheld until {until}"
        fact(f"{where}: '{row['what'].partition(' (')[0]}'. Ground: {law}.")
    for platform in certificate["platform"]:
        fact(f"{SYSTEM_NAMES[platform['recipient']]} confirms for its own copy: {platform['answer']}.")
    must(
        len(certificate["processors"]) == 4,
        f"4 more companies hold data about {bikram.first} and must erase it: {_list_processors(certificate)}.",
    )
    order = demo.world.list_orders(bikram)[0]
    must(
        demo.post_signed_webhook("orders/updated", demo.world, order=order) == 200,
        f"A late webhook (orders/updated) about {bikram.first} was answered 200. "
        "Chapter 9 checks that it did not bring the data back.",
    )
    demo.wait_until(
        "the late webhook", lambda: not demo.run_command("inbox", "list", "--state", "received", "--limit", "1")
    )


def _list_processors(certificate: Any) -> str:
    return join_words(
        [
            f"{row['recipient'].partition(' (')[0]} ({count(row['records'], 'parcel')})"
            for row in certificate["processors"]
        ]
    )


def _format_counts(erased_rows: list[Any]) -> str:
    return join_words([count(row["count"], row["table"].removesuffix("s")) for row in erased_rows])


def run_shop_exit_chapter(demo: DemoEnvironment) -> None:
    """Erase the data of a shop that uninstalled the app."""
    chapter(6, f"The shop {demo.uninstalled_world.shop} uninstalls the app")
    demo.control_stand_in("uninstall", shop=demo.uninstalled_world.shop)
    must(
        demo.post_signed_webhook("app/uninstalled", demo.uninstalled_world) == 200,
        "Shopify sent app/uninstalled. The bridge can no longer use the API of this shop.",
    )
    must(
        demo.post_signed_webhook("shop/redact", demo.uninstalled_world) == 200,
        "Shopify sent shop/redact. Outside this demo it does so 48 hours later.",
    )
    request = demo.wait_for_closed_request("shop_erasure", demo.uninstalled_world.shop)
    removed = demo.run_command("dsr", "show", request["id"])["tasks"][0]["detail"]
    counts = [
        count(number, table.replace("_", " ").removesuffix("s"))
        for table, number in removed.items()
        if not table.startswith("kept_")
    ]
    must(counts, f"The bridge erased the data of this shop without its API: {join_words(counts)}.")
    must(
        removed["kept_documents"],
        f"The merchant must keep the tax books: {count(removed['kept_documents'], 'sealed invoice')} stay "
        f"and can be destroyed from {removed['kept_until']}.",
    )


def _keep_running(demo: DemoEnvironment) -> None:
    path = Path(demo.folder) / "environment.sh"
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in demo.environ.items()))
    say(f"\nEverything keeps running at {demo.bridge.url}. In another terminal:")
    say(f"   source {path}\n   .venv/bin/python -m bridge dsr list\n   .venv/bin/python -m bridge doctor")
    say("Press Enter or Ctrl-C to stop it.")
    try:
        input()
    except (EOFError, KeyboardInterrupt):
        if not sys.stdin.isatty():
            time.sleep(10**9)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
