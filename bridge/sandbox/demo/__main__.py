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
from bridge.sandbox.demo.demo_env import Failed, Stage, found_in
from bridge.sandbox.demo.demo_notices import processors_are_told
from bridge.sandbox.demo.demo_tax import the_books_stay
from bridge.sandbox.processes import ROOT
from bridge.sandbox.world.models import Person, World

RESULTS = ROOT / "var" / "demo"


def main() -> None:
    """Tell the story once."""
    say_ = argparse.ArgumentParser(prog="python -m bridge demo", description=__doc__)
    say_.add_argument("--orders", type=int, default=40)
    say_.add_argument("--keep", action="store_true")
    given = say_.parse_args()
    began = time.monotonic()
    shutil.rmtree(RESULTS, ignore_errors=True)
    say(
        f"{DIM}Starting stand-ins for Shopify, the carriers and a mail server, Redis, web, worker, clock …{OFF}"
    )
    try:
        stage = Stage(orders=given.orders, results=RESULTS)
        with stage:
            fact(f"all run, in {time.monotonic() - began:.1f} s; the bridge listens at {stage.bridge.url}")
            orders_ship(stage)
            asha_asks(stage)
            bikram_leaves(stage)
            processors_are_told(stage)
            the_books_stay(stage)
            shop_leaves(stage)
            nothing_is_left(stage)
            say(f"\n{BOLD}All of it held, in {time.monotonic() - began:.0f} s.{OFF} Look at:")
            for path in sorted(RESULTS.iterdir()):
                say(f"   {path.relative_to(ROOT)}")
            if given.keep:
                _keep(stage)
        if not given.keep:
            shutil.rmtree(stage.folder, ignore_errors=True)
    except (Failed, BridgeError) as fault:
        say(f"\n{BOLD}The demo failed:{OFF} {fault}")
        sys.exit(1)


def orders_ship(stage: Stage) -> None:
    """Every order of both shops is placed, and its parcels are sent."""
    chapter(1, "Orders come in and ship")
    began = time.monotonic()
    statuses = [status for world in (stage.world, stage.leaving) for status in _all_orders(stage, world)]
    took = time.monotonic() - began
    must(
        set(statuses) == {200},
        f"{len(statuses)} signed webhooks, each answered 200 after its commit, in {took:.1f} s",
    )
    stage.until(
        "learning the orders",
        lambda: not stage.command("inbox", "list", "--state", "received", "--limit", "1"),
    )
    fact("the index knows whose parcel is where; the bodies it learned from are destroyed")
    fact(
        "each invoice has its statutory copy, sealed and read back: the State always, a name only where the law asks"
    )
    forged = stage.post_forged("customers/redact", stage.world)
    must(forged == 401, "the same with a wrong signature is answered 401")


def _all_orders(stage: Stage, world: World) -> list[int]:
    statuses = [stage.post("customers/create", world, person=person) for person in world.people]
    for order in world.orders:
        statuses.append(stage.post("orders/create", world, order=order))
        if order.gateway != "cod":
            statuses.append(stage.post("orders/paid", world, order=order))
        statuses += [stage.post("fulfillments/create", world, parcel=parcel) for parcel in order.parcels]
        if order.parcels:
            statuses.append(stage.post("orders/fulfilled", world, order=order))
    return statuses


def asha_asks(stage: Stage) -> None:
    """An access request becomes a package."""
    asha = stage.world.asha
    chapter(2, f"{asha.name} asks which data the shop has about her")
    must(stage.post("customers/data_request", stage.world) == 200, "customers/data_request is kept")
    request = stage.request("access", stage.world.shop)
    shown = stage.command("dsr", "show", request["id"])
    _clocks(shown)
    for task in shown["tasks"]:
        fact(f"{task['system']}: {task['outcome']} (records: {task['records']})")
    must(request["complete"], "every system answered: the package is complete")
    target = stage.results / "asha-access-package.zip"
    stage.command("dsr", "package", request["id"], "--out", str(target))
    with zipfile.ZipFile(target) as bag:
        names = bag.namelist()
        letter = next(name for name in names if name.endswith("00_letter.html"))
        (stage.results / "asha-letter.html").write_bytes(bag.read(letter))
        recipients = json.loads(bag.read(next(name for name in names if name.endswith("02_recipients.json"))))
        everything = b"".join(bag.read(name) for name in names)
    fact(f"the package has {len(names)} files; its letter is asha-letter.html")
    named = [row["legal_name"] or row["id"] for row in recipients["recipients"]]
    fact(f"her data went to: {', '.join(named)}")
    parcels = [parcel for order in stage.world.orders_of(asha) for parcel in order.parcels]
    planted = [asha.email, *(parcel.waybill for parcel in parcels), "7 Nowhere Lane"]
    must(
        all(word.encode() in everything for word in planted),
        f"{len(planted)} values that were planted are in it",
    )


def _clocks(shown: Any) -> None:
    due, acknowledge = (_day(shown[name]) for name in ("due_at", "acknowledge_due_at"))
    fact(f"to be acknowledged by {acknowledge}, answered by {due} (governed by {shown['due_governed_by']})")


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%d %b %Y %H:%M UTC")


def bikram_leaves(stage: Stage) -> None:
    """An erasure, with what is kept, who must still answer, and a late webhook that brings nobody back."""
    bikram = stage.world.bikram
    chapter(3, f"{bikram.name} asks to be forgotten")
    stage.control("redact", customer_id=bikram.id)
    fact("Shopify has erased its own copy, and tells the apps")
    must(stage.post("customers/redact", stage.world, person=bikram) == 200, "customers/redact is kept")
    request = stage.request("erasure", stage.world.shop)
    bundle = stage.evidence(request["id"], "bikram")
    certificate = bundle["certificate"]
    _clocks(bundle)
    must(certificate["erased"], "erased here and read again: " + _counts(certificate["erased"]))
    for kept in certificate["kept"]:
        laws = "; ".join(ground["law"] for ground in kept["grounds"]) or "no hold"
        what, why = (shorten(text, 64, placeholder=" …") for text in (kept["what"].partition(" (")[0], laws))
        fact(f"kept until {kept['until'] or 'released'}: {what}, because: {why}")
    for platform in certificate["platform"]:
        fact(f"{platform['recipient']}: {platform['answer']}")
    must(len(certificate["processors"]) == 4, "told must be: " + ", ".join(_told(certificate)))
    order = stage.world.orders_of(bikram)[0]
    must(
        stage.post("orders/updated", stage.world, order=order) == 200,
        "a late orders/updated about him is answered 200 …",
    )
    stage.until(
        "the late delivery", lambda: not stage.command("inbox", "list", "--state", "received", "--limit", "1")
    )


def _told(certificate: Any) -> list[str]:
    return [f"{row['recipient']} (parcels: {row['records']})" for row in certificate["processors"]]


def _counts(erased: list[Any]) -> str:
    return ", ".join(f"{row['count']} {row['table']}" for row in erased)


def shop_leaves(stage: Stage) -> None:
    """A shop uninstalls; its token is dead; everything of it goes."""
    chapter(6, f"{stage.leaving.shop} leaves")
    stage.control("uninstall", shop=stage.leaving.shop)
    must(
        stage.post("app/uninstalled", stage.leaving) == 200, "app/uninstalled: its token is dead from here on"
    )
    must(stage.post("shop/redact", stage.leaving) == 200, "shop/redact, 48 hours later")
    request = stage.request("shop_erasure", stage.leaving.shop)
    shown = stage.command("dsr", "show", request["id"])
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


def nothing_is_left(stage: Stage) -> None:
    """The chain holds, and Bikram is nowhere."""
    chapter(7, "The evidence is checked, and Bikram is searched for")
    verified = stage.command("evidence", "verify")
    must(verified["ok"], f"the chain of {verified['rows']} facts holds; its head is signed")
    words = _words(stage.world.bikram, stage.world)
    sent = sum(found_in(raw, words[:3]) for raw in stage.posted)
    must(sent, f"the search can find him: {sent} of the webhooks that were posted name him")
    traces = stage.traces(words)
    must(
        not traces,
        f"database, Redis, logs and files: {len(words)} of his values searched, found nowhere"
        if not traces
        else f"he is still in {traces}",
    )
    request = stage.request("erasure", stage.world.shop)
    bundle = stage.results / "bikram-evidence.zip"
    stage.command("dsr", "evidence", request["id"], "--out", str(bundle), "--force")
    with zipfile.ZipFile(bundle) as files:
        fact(
            f"his bundle has {len(files.namelist())} files: sha256sum and openssl check them, README.txt says how"
        )
        buffer = io.BytesIO(b"".join(files.read(name) for name in files.namelist()))
    buffer.seek(0, io.SEEK_END)
    for path in stage.results.glob("bikram*.json"):
        buffer.write(path.read_bytes())
    must(not found_in(buffer.getvalue(), words), "and his evidence names nobody")


def _words(person: Person, world: World) -> list[bytes]:
    """Everything that would betray him: names, address, phone in both spellings, ids, waybills."""
    orders = world.orders_of(person)
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


def _keep(stage: Stage) -> None:
    path = Path(stage.folder) / "environment.sh"
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in stage.environ.items()))
    say(f"\nEverything stays up at {stage.bridge.url}. In another terminal:")
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
