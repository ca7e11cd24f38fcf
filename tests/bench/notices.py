"""Ten thousand parcels of five hundred people: learned, erased here, instructed by mail, answered over the page.

Real processes; carriers, mail server and the answering clerks are in this one. Calls to carriers are counted.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from bridge.sandbox.carriers import BLUEDART_CREDENTIALS, DELHIVERY_TOKEN, make_bluedart, make_delhivery
from bridge.sandbox.mail import Mailbox, find_answer_link
from bridge.sandbox.merchant_files import write_merchant_files
from tests.bench.bench_env import Scene, Shops, world
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.sandbox.world.models import World

PEOPLE, PARCELS = 500, 20
QUICK_PEOPLE = 50
YOUNGEST_DAYS, OLDEST_DAYS = 70, 300  # all came to rest, their cash is handed on
TERMS = {"digest_hours": 0.01, "read_back_hours": 0}
# The papers name a processor more that nobody plays here.
OURS = "('delhivery', 'bluedart')"
DONE = f"SELECT count(*) FROM tasks WHERE action = 'instruct' AND state = 'done' AND system IN {OURS}"  # noqa: S608
WAITS = f"SELECT count(*) FROM notice_entries WHERE answer IS NULL AND processor IN {OURS}"  # noqa: S608


def measure(*, quick: bool) -> Iterator[Figure]:
    """From the first erasure webhook until both carriers have answered for everybody."""
    size = (QUICK_PEOPLE if quick else PEOPLE, PARCELS, YOUNGEST_DAYS, OLDEST_DAYS)
    people, shop = size[0], world(*size)
    crowd = shop.people[-people:]
    theirs = {person.id for person in crowd}
    orders = [order for order in shop.orders if order.person_id in theirs]
    carriers = {"delhivery": make_delhivery(shop), "bluedart": make_bluedart(shop)}
    with ExitStack() as parts:
        for server in carriers.values():
            parts.enter_context(server)
        box = Mailbox().start()
        parts.callback(box.stop)
        shops = parts.enter_context(Shops(size))
        files = partial(_environ, shop=shop, carriers=carriers, box=box)
        scene = parts.enter_context(Scene(shops=shops, more=files))
        scene.bridge.start()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda order: scene.post("orders/fulfilled", shop, order=order), orders))
        wanted = people * PARCELS
        scene.until("learning", lambda: _count(scene, "parcels") >= wanted, patience_s=120)
        for parcel in (parcel for order in orders for parcel in order.parcels if parcel.holder == "delhivery"):
            _forget(carriers["delhivery"].base_url, parcel.waybill)
        began = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda who: scene.post("customers/redact", shop, person=who), crowd))
        answered = _answer(scene, box, wanted)
        scene.until("every task", lambda: scene.number(DONE) >= people * len(carriers), patience_s=240)
        took = time.perf_counter() - began
        calls = sum(server.calls.summarize_calls()["total"] for server in carriers.values())
    name = f"{wanted:,} parcels of {people} people"
    yield Figure(measure=f"{name}: instructed and answered", unit="s", runs=[took])
    yield Figure(measure=f"{name}: calls to carriers", unit="calls", runs=[calls])
    yield Figure(measure=f"{name}: letters", unit="letters", runs=[answered])


def _environ(folder: object, shop: World, carriers: dict[str, object], box: Mailbox) -> dict[str, str]:
    return {
        **write_merchant_files(folder, shops=[shop.shop], notice_terms=TERMS),
        "DELHIVERY_BASE_URL": carriers["delhivery"].base_url,
        "DELHIVERY_TOKEN": DELHIVERY_TOKEN,
        "BLUEDART_BASE_URL": f"{carriers['bluedart'].base_url}/in/transportation",
        **{f"BLUEDART_{name.upper()}": value for name, value in BLUEDART_CREDENTIALS.items()},
        "SMTP_URL": box.url,
        "MAIL_FROM": "Bench <privacy@example.in>",
        "SWEEP_EVERY_S": "1",
    }


def _answer(scene: Scene, box: Mailbox, wanted: int) -> int:
    """Answer each letter as it comes, "erased" for all of its lines, until nothing waits. Returns how many came."""
    done = 0
    end = time.perf_counter() + 500  # the erasures take half of it
    while time.perf_counter() < end:
        for letter in box.letters[done:]:
            _send(find_answer_link(letter))
            done += 1
        if _count(scene, "notice_entries") >= wanted and not scene.number(WAITS):
            return done
        time.sleep(0.2)
    raise TimeoutError(f"{scene.number(WAITS)} entries have no answer")


def _send(link: str) -> None:
    with urllib.request.urlopen(link, timeout=30) as page:  # noqa: S310 - our own page
        entries = set(re.findall(r'name="(ent_\w+)-answer"', page.read().decode()))
    key = "all" if len(entries) > 1 else entries.pop()
    form = urllib.parse.urlencode({f"{key}-answer": "erased", "do": "answer"}).encode()
    urllib.request.urlopen(link, data=form, timeout=60).close()  # noqa: S310 - our own page


def _forget(carrier: str, waybill: str) -> None:
    """What its clerk answers is true: asked again, the carrier shows nobody."""
    result = json.dumps({"waybill": waybill, "forget_consignee": True}).encode()
    urllib.request.urlopen(f"{carrier}/_sandbox/parcels", data=result, timeout=5).close()  # noqa: S310 - our own


def _count(scene: Scene, table: str) -> int:
    return scene.number(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
