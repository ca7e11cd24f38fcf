"""Learns the numbers and names of shops: from signed bodies, and from Shopify for domains whose number is not known.

A header never teaches: it is not signed. A failure of Shopify only postpones.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import Absence, Fact, Gap, Outcome, PrivacyRequest, Task, WaitReason
from bridge.ports import NamesShops
from bridge.rules.index.identity import legacy_id
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.shops.shop_names import RETRY_ASKING_AFTER, ShopDirectory
from bridge.rules.webhooks.payload import MAX_NUMBER_DIGITS
from bridge.rules.webhooks.shop_domains import is_shop_domain
from bridge.services import Services
from bridge.steps.task_results import SYSTEM_ERRORS, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

UNIDENTIFIED_REVIEW_KIND = "shop_unidentified"


def identify_shops(domain: str, *, services: Services, known: ShopDirectory | None = None) -> None:
    """Ask the platform about this domain, and each other, whose number is not known or that two shops had.

    `known` are the names where they were read a moment ago. Raises StoreUnavailable.
    """
    platform = services.connectors.get(PLATFORM)
    directory = known or services.store.read_shop_directory()
    if directory.find_name(domain) is None:
        with services.store.transaction() as tx:
            tx.shop_names.register_domain(domain)
            directory = tx.shop_names.directory
    if not isinstance(platform, NamesShops):
        return
    for due_domain in directory.list_due_domains(services.clock.now()):
        _ask_shop_identity(platform, due_domain, services)


def _ask_shop_identity(platform: NamesShops, domain: str, services: Services) -> None:
    """Record what the platform says of this domain, or that it did not answer."""
    identity = None
    with suppress(*SYSTEM_ERRORS):
        identity = platform.read_shop_identity(domain)
    now = services.clock.now()
    with services.store.transaction() as tx:
        names = tx.shop_names
        asked = names.directory.find_name(domain)
        # the present name is the newest one
        present = {identity.domain: now + timedelta(microseconds=1)} if identity else {}
        seen = {domain: asked.last_seen_at if asked else now} | present if identity else {}
        renamed = [
            name
            for name, seen_at in seen.items()
            if identity
            and names.record_name(name, identity.number, seen_at=seen_at, is_confirmed=name == identity.domain)
        ]
        names.record_asked(domain)
        record_renames(renamed, tx)


def learn_signed_name(number: Any, domain: Any, seen_at: datetime, tx: Tx) -> list[str]:
    """Record the name that a signed body gives its shop. Return the domain if the shop was renamed, else nothing.

    The caller records the fact of it (`record_renames`) when it has taken all other locks.
    """
    shop_id = legacy_id(number)
    if not shop_id or len(shop_id) > MAX_NUMBER_DIGITS or not isinstance(domain, str) or not is_shop_domain(domain):
        return []
    return [domain] if tx.shop_names.record_name(domain, shop_id, seen_at=seen_at) else []


def find_signed_shop(body: Mapping[str, Any], domain: str, tx: Tx) -> str:
    """Return the key of the shop that a mandatory body names: by its number if that is known, else by the domain."""
    number = legacy_id(body.get("shop_id"))
    return tx.shop_names.directory.find_key_of_number(number) or tx.shop_names.directory.find_key(domain)


def record_renames(domains: list[str], tx: Tx) -> None:
    """Record that these domains are new names of shops. Evidence is every worker's lock: call it last."""
    directory = tx.shop_names.directory
    for domain in domains:
        name = directory.find_name(domain)
        if name:
            key = directory.find_key(domain)
            names = list(directory.list_domains(key))
            tx.evidence.append_fact(Fact.SHOP_RENAMED, shop=key, number=name.number, domain=domain, domains=names)


def await_shop_identity(request: PrivacyRequest, tx: Tx, services: Services) -> bool:
    """Return whether a shop without a number stores the data of a request that found none: it may be the same shop.

    Opens a review then. Writes evidence.
    """
    shops = tx.shop_names.find_unidentified_shops(request.shop, request.principal)
    if shops and not tx.reviews.list_reviews(kind=UNIDENTIFIED_REVIEW_KIND, request_id=request.id):
        what = f"the data may be those under {', '.join(shops)}: is it the same shop?"
        key = services.store.new_id("rev")
        tx.reviews.open_review(
            request.shop, UNIDENTIFIED_REVIEW_KIND, what[:200], request_id=request.id, idempotency_key=key
        )
    return bool(shops)


def wait_for_shop_identity(request: PrivacyRequest, task: Task, what: str, tx: Tx, services: Services) -> Task | None:
    """Return a carrier's task of an access request as saved, put off while `await_shop_identity`; else None.

    The answer does not wait for it: it names `what` as missing, and is made anew when the parcels are found.
    """
    if not await_shop_identity(request, tx, services):
        return None
    reason = WaitReason.SHOP_UNIDENTIFIED
    gap = Gap(system=task.system, absence=Absence.UNATTRIBUTED, what=what, reason=reason)
    task = replace(task, outcome=Outcome.INCOMPLETE, gaps=(*task.gaps, gap))
    after = wait_task(task, reason, services.clock.now() + RETRY_ASKING_AFTER, wait_reason=reason)
    tx.tasks.save_task(after)
    return after


def close_identity_reviews(request: PrivacyRequest, tx: Tx) -> None:
    """Close the review of a request whose data are known to be of its shop, or not. Writes evidence: call it last."""
    tx.reviews.close_reviews(UNIDENTIFIED_REVIEW_KIND, request_id=request.id, actor="bridge", reason="shop_identified")


def identify_shop(domain: str, number: str, *, actor: str, reason: str, services: Services) -> None:
    """Record an operator's word for which shop a domain is, where Shopify cannot be asked.

    Raises PayloadInvalid: `domain_unknown`, `number_unreadable`, `number_known`.
    """
    shop_id = legacy_id(number)
    with services.store.transaction() as tx:
        name = tx.shop_names.directory.find_name(domain)
        if name is None:
            raise PayloadInvalid("domain_unknown")
        if not shop_id or len(shop_id) > MAX_NUMBER_DIGITS:
            raise PayloadInvalid("number_unreadable")
        if name.number:
            raise PayloadInvalid("number_known")
        tx.shop_names.record_name(domain, shop_id, seen_at=name.last_seen_at)
        key = tx.shop_names.directory.find_key(domain)
        tx.evidence.append_fact(
            Fact.SHOP_RENAMED, shop=key, actor=actor, number=shop_id, domain=domain, reason=reason, by_operator=True
        )
