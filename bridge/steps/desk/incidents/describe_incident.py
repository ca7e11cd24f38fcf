"""Adds to what is known of a breach, and finds the persons that it concerns. Both void the approvals so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import AffectedPersons, Fact, IncidentParticulars, IncidentProgress, RequestDetails, get_progress
from bridge.rules.requests.particulars import parse_particulars
from bridge.services import Services
from bridge.steps.desk.desk_tasks import open_desk_task


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonSearch:
    """Where the persons that a breach concerns are looked for.

    With `processor` those with parcels there; with `whole_shop` those with orders; else those whose data were read, by
    `actor` or by anybody. `shops` are keys, none means all.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    processor: str = ""
    shops: tuple[str, ...] = ()
    whole_shop: bool = False


def describe_incident(request_id: str, given: Mapping[str, Any], *, actor: str, services: Services) -> list[str]:
    """Replace particulars of an incident by those that are given; what is not given stays. Return the changed names.

    When it was noticed cannot be changed: the clocks run since then. Raises PayloadInvalid as `parse_particulars` and
    `open_desk_task`, and `noticed_at_is_fixed`.
    """
    with services.store.transaction() as tx:
        request, _ = open_desk_task(request_id, IncidentProgress, tx)
        details = tx.request_details.get_details(request_id, request.kind)
        known = details.particulars
        if not isinstance(known, IncidentParticulars):
            raise PayloadInvalid("particulars_erased")
        values = asdict(known) | {"noticed_at": known.noticed_at.isoformat()}
        after = parse_particulars(request.kind, values | dict(given))
        if not isinstance(after, IncidentParticulars) or after.noticed_at != known.noticed_at:
            raise PayloadInvalid("noticed_at_is_fixed")
        changed = [name for name in asdict(after) if getattr(after, name) != getattr(known, name)]
        if changed:
            tx.request_details.save_details(
                request_id, request.shop, RequestDetails(particulars=after, contact=details.contact)
            )
            about = {"shop": request.shop, "request_id": request_id}
            tx.evidence.append_fact(Fact.INCIDENT_DESCRIBED, **about, actor=actor, fields=changed)
    return changed


def find_affected_persons(
    request_id: str, search: PersonSearch, *, anew: bool = False, actor: str, services: Services
) -> tuple[AffectedPersons, int]:
    """Find persons that an incident concerns and store their pseudonyms sealed. Return all of them and how many are new.

    They are added to those that were found before, unless `anew`. Raises PayloadInvalid as `open_desk_task`, and
    `processor_unknown`, `time_needed`.
    """
    with services.store.transaction() as tx:
        request, task = open_desk_task(request_id, IncidentProgress, tx)
        unnamed = 0
        if search.processor or search.whole_shop:
            found: Iterable[tuple[str, str]] = tx.incident_persons.find_persons_in_index(
                since=search.since,
                until=search.until,
                shops=search.shops,
                carriers=_list_carriers(search.processor, services) if search.processor else None,
                account_holder=search.processor,
            )
        elif search.since is None or search.until is None:
            raise PayloadInvalid("time_needed")
        else:
            found, unnamed = tx.incident_persons.find_persons_read(
                search.since, search.until, actor=search.actor, shops=search.shops
            )
        before = AffectedPersons() if anew else tx.incident_persons.get_persons(request_id)
        persons = tuple(sorted({*before.persons, *found}))
        now = services.clock.now()
        after = AffectedPersons(persons=persons, unnamed_reads=max(before.unnamed_reads, unnamed), counted_at=now)
        tx.incident_persons.save_persons(request_id, request.shop, after)
        progress = replace(get_progress(task, IncidentProgress), persons=len(persons))
        tx.tasks.save_task(replace(task, progress=progress))
        tx.evidence.append_fact(
            Fact.INCIDENT_PERSONS_FOUND,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            results=len(persons),
            unnamed_reads=unnamed,
            since=search.since.isoformat() if search.since else "",
            until=search.until.isoformat() if search.until else "",
            by="processor" if search.processor else "shop" if search.whole_shop else "evidence",
            processor=search.processor,
            of_actor=search.actor,
        )
    return after, len(set(persons) - set(before.persons))


def _list_carriers(processor: str, services: Services) -> tuple[str, ...]:
    """Return the carriers whose parcels a processor of the merchant file has. Raises PayloadInvalid `processor_unknown`."""
    for known in services.merchant.processors:
        if known.id == processor:
            return tuple(known.carries) or (processor,)
    raise PayloadInvalid("processor_unknown")
