"""`python -m bridge demo`: a story a person can follow, told by the real processes against the stand-ins.

Orders come in and ship; Asha asks for her data, Bikram asks to be forgotten, a shop leaves. Ends with 1 when
any part does not come out as it must.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

from bridge.errors import BridgeError
from bridge.sandbox.demo.console import BOLD, DIM, OFF, chapter, fact, must, say
from bridge.sandbox.demo.demo_env import DemoEnvironment, DemoFailed, contains_any
from bridge.sandbox.demo.demo_notices import run_notices_chapter
from bridge.sandbox.demo.demo_tax import run_tax_chapter
from bridge.sandbox.processes import ROOT
from bridge.sandbox.world.models import Person, World

RESULTS_FOLDER = ROOT / "var" / "demo"


def main() -> None:
    """Tell the story once."""
    say_ = argparse.ArgumentParser(prog="python -m bridge demo", description=__doc__)
    say_.add_argument("--orders", type=int, default=40)
    say_.add_argument("--keep", action="store_true")
    given = say_.parse_args()
    began = time.monotonic()
    shutil.rmtree(RESULTS_FOLDER, ignore_errors=True)
    say(
        f"{DIM}Starting stand-ins for Shopify, the carriers and a mail server, Redis, web, worker, clock …{OFF}"
    )
    try:
        stage = DemoEnvironment(orders=given.orders, results=RESULTS_FOLDER)
        with stage:
            fact(f"all run, in {time.monotonic() - began:.1f} s; the bridge listens at {stage.bridge.url}")
            run_shipping_chapter(stage)
            run_access_chapter(stage)
            run_erasure_chapter(stage)
            run_notices_chapter(stage)
            run_tax_chapter(stage)
            run_shop_exit_chapter(stage)
            run_verification_chapter(stage)
            say(f"\n{BOLD}All of it held, in {time.monotonic() - began:.0f} s.{OFF} Look at:")
            for path in sorted(RESULTS_FOLDER.iterdir()):
                say(f"   {path.relative_to(ROOT)}")
            if given.keep:
                _keep(stage)
        if not given.keep:
            shutil.rmtree(stage.folder, ignore_errors=True)
    except (DemoFailed, BridgeError) as fault:
        say(f"\n{BOLD}The demo failed:{OFF} {fault}")
        sys.exit(1)


def run_shipping_chapter(demo: DemoEnvironment) -> None:
    """Every order of both shops is placed, and its parcels are sent."""
    chapter(1, "Orders come in and ship")
    began = time.monotonic()
    statuses = [
        status for world in (demo.world, demo.leaving_world) for status in _post_all_orders(demo, world)
    ]
    took = time.monotonic() - began
    must(
        set(statuses) == {200},
        f"{len(statuses)} signed webhooks, each answered 200 after its commit, in {took:.1f} s",
    )
    demo.wait_until(
        "learning the orders",
        lambda: not demo.run_command("inbox", "list", "--state", "received", "--limit", "1"),
    )
    fact("the index knows whose parcel is where; the bodies it learned from are destroyed")
    fact(
        "each invoice has its statutory copy, sealed and read back: the State always, a name only where the law asks"
    )
    forged = demo.post_forged_webhook("customers/redact", demo.world)
    must(forged == 401, "the same with a wrong signature is answered 401")


def _post_all_orders(demo: DemoEnvironment, world: World) -> list[int]:
    statuses = [demo.post_signed_webhook("customers/create", world, person=person) for person in world.people]
    for order in world.orders:
        statuses.append(demo.post_signed_webhook("orders/create", world, order=order))
        if order.gateway != "cod":
            statuses.append(demo.post_signed_webhook("orders/paid", world, order=order))
        statuses += [
            demo.post_signed_webhook("fulfillments/create", world, parcel=parcel) for parcel in order.parcels
        ]
        if order.parcels:
            statuses.append(demo.post_signed_webhook("orders/fulfilled", world, order=order))
    return statuses


def run_access_chapter(demo: DemoEnvironment) -> None:
    """An access request becomes a package."""
    asha = demo.world.asha
    chapter(2, f"{asha.name} asks which data the shop has about her")
    must(
        demo.post_signed_webhook("customers/data_request", demo.world) == 200,
        "customers/data_request is kept",
    )
    request = demo.wait_for_closed_request("access", demo.world.shop)
    shown = demo.run_command("dsr", "show", request["id"])
    _print_deadlines(shown)
    for task in shown["tasks"]:
        fact(f"{task['system']}: {task['outcome']} (records: {task['records']})")
    must(request["complete"], "every system answered: the package is complete")
    target = demo.results / "asha-access-package.zip"
    demo.run_command("dsr", "package", request["id"], "--out", str(target))
    with zipfile.ZipFile(target) as bag:
        names = bag.namelist()
        letter = next(name for name in names if name.endswith("00_letter.html"))
        (demo.results / "asha-letter.html").write_bytes(bag.read(letter))
        recipients = json.loads(bag.read(next(name for name in names if name.endswith("02_recipients.json"))))
        everything = b"".join(bag.read(name) for name in names)
    fact(f"the package has {len(names)} files; its letter is asha-letter.html")
    named = [row["legal_name"] or row["id"] for row in recipients["recipients"]]
    fact(f"her data went to: {', '.join(named)}")
    parcels = [parcel for order in demo.world.list_orders(asha) for parcel in order.parcels]
    planted = [asha.email, *(parcel.waybill for parcel in parcels), "7 Nowhere Lane"]
    must(
        all(word.encode() in everything for word in planted),
        f"{len(planted)} values that were planted are in it",
    )


def _print_deadlines(request_details: Any) -> None:
    due, acknowledge = (_format_deadline(request_details[name]) for name in ("due_at", "acknowledge_due_at"))
    fact(
        f"to be acknowledged by {acknowledge}, answered by {due} (governed by {request_details['due_governed_by']})"
    )


def _format_deadline(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).strftime("%d %b %Y %H:%M UTC")


def run_erasure_chapter(demo: DemoEnvironment) -> None:
    """An erasure, with what is kept, who must still answer, and a late webhook that brings nobody back."""
    bikram = demo.world.bikram
    chapter(3, f"{bikram.name} asks to be forgotten")
    demo.control_stand_in("redact", customer_id=bikram.id)
    fact("Shopify has erased its own copy, and tells the apps")
    must(
        demo.post_signed_webhook("customers/redact", demo.world, person=bikram) == 200,
        "customers/redact is kept",
    )
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    bundle = demo.write_evidence(request["id"], "bikram")
    certificate = bundle["certificate"]
    _print_deadlines(bundle)
    must(certificate["erased"], "erased here and read again: " + _format_counts(certificate["erased"]))
    for kept in certificate["kept"]:
        laws = "; ".join(ground["law"] for ground in kept["grounds"]) or "no hold"
        what, why = (shorten(text, 64, placeholder=" …") for text in (kept["what"].partition(" (")[0], laws))
        fact(f"kept until {kept['until'] or 'released'}: {what}, because: {why}")
    for platform in certificate["platform"]:
        fact(f"{platform['recipient']}: {platform['answer']}")
    must(len(certificate["processors"]) == 4, "told must be: " + ", ".join(_list_processors(certificate)))
    order = demo.world.list_orders(bikram)[0]
    must(
        demo.post_signed_webhook("orders/updated", demo.world, order=order) == 200,
        "a late orders/updated about him is answered 200 …",
    )
    demo.wait_until(
        "the late delivery",
        lambda: not demo.run_command("inbox", "list", "--state", "received", "--limit", "1"),
    )


def _list_processors(certificate: Any) -> list[str]:
    return [f"{row['recipient']} (parcels: {row['records']})" for row in certificate["processors"]]


def _format_counts(erased_rows: list[Any]) -> str:
    return ", ".join(f"{row['count']} {row['table']}" for row in erased_rows)


def run_shop_exit_chapter(demo: DemoEnvironment) -> None:
    """A shop uninstalls; its token is dead; everything of it goes."""
    chapter(6, f"{demo.leaving_world.shop} leaves")
    demo.control_stand_in("uninstall", shop=demo.leaving_world.shop)
    must(
        demo.post_signed_webhook("app/uninstalled", demo.leaving_world) == 200,
        "app/uninstalled: its token is dead from here on",
    )
    must(demo.post_signed_webhook("shop/redact", demo.leaving_world) == 200, "shop/redact, 48 hours later")
    request = demo.wait_for_closed_request("shop_erasure", demo.leaving_world.shop)
    shown = demo.run_command("dsr", "show", request["id"])
    removed = shown["tasks"][0]["detail"]
    counts = {table: count for table, count in removed.items() if not table.startswith("kept_")}
    must(
        counts,
        "all else of it is removed, without a token: "
        + ", ".join(f"{n} {table}" for table, n in counts.items()),
    )
    must(
        removed["kept_documents"],
        f"the merchant runs this bridge, so the books stay sealed: {removed['kept_documents']} documents, "
        f"free from {removed['kept_until']}",
    )


def run_verification_chapter(demo: DemoEnvironment) -> None:
    """The chain holds, and Bikram is nowhere."""
    chapter(7, "The evidence is checked, and Bikram is searched for")
    verified = demo.run_command("evidence", "verify")
    must(verified["ok"], f"the chain of {verified['rows']} facts holds; its head is signed")
    words = _list_identifying_words(demo.world.bikram, demo.world)
    sent = sum(contains_any(raw, words[:3]) for raw in demo.posted_bodies)
    must(sent, f"the search can find him: {sent} of the webhooks that were posted name him")
    traces = demo.find_traces(words)
    must(
        not traces,
        f"database, Redis, logs and files: {len(words)} of his values searched, found nowhere"
        if not traces
        else f"he is still in {traces}",
    )
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    bundle = demo.results / "bikram-evidence.zip"
    demo.run_command("dsr", "evidence", request["id"], "--out", str(bundle), "--force")
    with zipfile.ZipFile(bundle) as files:
        fact(
            f"his bundle has {len(files.namelist())} files: sha256sum and openssl check them, README.txt says how"
        )
        buffer = io.BytesIO(b"".join(files.read(name) for name in files.namelist()))
    buffer.seek(0, io.SEEK_END)
    for path in demo.results.glob("bikram*.json"):
        buffer.write(path.read_bytes())
    must(not contains_any(buffer.getvalue(), words), "and his evidence names nobody")


def _list_identifying_words(person: Person, world: World) -> list[bytes]:
    """Everything that would betray him: names, address, phone in both spellings, ids, waybills."""
    orders = world.list_orders(person)
    words = [
        person.last,
        person.email,
        person.phone,
        person.phone.removeprefix("+91"),
        str(person.address["address1"]),
        str(person.id),
        *(str(order.id) for order in orders),
        *(parcel.waybill for order in orders for parcel in order.parcels),
    ]
    return [word.encode() for word in words]


def _keep(demo: DemoEnvironment) -> None:
    path = Path(demo.folder) / "environment.sh"
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in demo.environ.items()))
    say(f"\nEverything stays up at {demo.bridge.url}. In another terminal:")
    say(f"   source {path}\n   .venv/bin/python -m bridge dsr list\n   .venv/bin/python -m bridge doctor")
    say("Press Enter or Ctrl-C to end it.")
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
