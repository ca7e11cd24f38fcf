"""Decide which shop a domain is, and what a shop's rows are stored under. Pure.

A shop is its number at Shopify. A domain is a name that it has for a while: it may get another one, and another shop may
take the old one. Rows are stored under a key, which is the first domain of the shop. A shop has several keys where rows
came under a later domain before its number was known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from bridge.model import ShopName

RETRY_ASKING_AFTER = timedelta(minutes=15)
STORE_SEEN_AFTER = timedelta(hours=1)


class ShopDirectory:
    """All names of all shops. A domain or key that it does not list is a shop of its own, stored under itself."""

    def __init__(self, names: Iterable[ShopName]) -> None:
        self.names = tuple(sorted(names, key=lambda name: (name.first_seen_at, name.domain)))

    @cached_property
    def _by_domain(self) -> Mapping[str, Sequence[ShopName]]:
        return _group_names(self.names, "domain")

    @cached_property
    def _by_number(self) -> Mapping[str, Sequence[ShopName]]:
        return _group_names(self.names, "number")

    @cached_property
    def _by_key(self) -> Mapping[str, Sequence[ShopName]]:
        return _group_names(self.names, "key")

    def find_name(self, domain: str) -> ShopName | None:
        """Return the name with this domain: of several shops that had it, that of the last."""
        named = self._by_domain.get(domain, ())
        return max(named, key=lambda name: (name.last_seen_at, name.first_seen_at), default=None)

    def find_key(self, domain: str) -> str:
        """Return the key of the shop that has this domain now."""
        name = self.find_name(domain)
        return self._list_names_of(name)[0].key if name else domain

    def find_number(self, key: str) -> str:
        """Return the number of the shop with this key; '' where it is not known."""
        return next((name.number for name in self._by_key.get(key, ())), "")

    def find_key_of_number(self, number: str) -> str:
        """Return the key of the shop with this number; '' where it is not known."""
        return next((name.key for name in self._by_number.get(number, ()) if number), "")

    def list_names(self, key: str) -> tuple[ShopName, ...]:
        """Return all names of the shop with this key, oldest first."""
        name = next(iter(self._by_key.get(key, ())), None)
        return self._list_names_of(name) if name else ()

    def list_keys(self, key: str) -> tuple[str, ...]:
        """Return all keys of the shop that has this one, which comes first."""
        return tuple(dict.fromkeys((key, *(name.key for name in self.list_names(key)))))

    def list_other_keys(self, key: str) -> tuple[str, ...]:
        """Return the keys of all other shops."""
        own = self.list_keys(key)
        return tuple(other for other in self._by_key if other not in own)

    def list_domains(self, key: str) -> tuple[str, ...]:
        """Return the domains that the shop has, its present one first; none where other shops took all of them."""
        names = self.list_names(key)
        if not names:
            return (key,)
        newest = sorted(names, key=lambda name: (name.last_seen_at, name.first_seen_at), reverse=True)
        return tuple(name.domain for name in newest if self.find_name(name.domain) == name)

    def list_lost_domains(self, key: str) -> dict[str, datetime]:
        """Return the domains that other shops took from this one, and since when."""
        own = self.list_domains(key)
        takers = (self.find_name(name.domain) for name in self.list_names(key) if name.domain not in own)
        return {taker.domain: taker.first_seen_at for taker in takers if taker}

    def find_current_name(self, key: str) -> str:
        """Return the domain by which the shop is shown: its present one, else its last."""
        names = self.list_names(key)
        last = max(names, key=lambda name: (name.last_seen_at, name.first_seen_at), default=None)
        return next(iter(self.list_domains(key)), last.domain if last else key)

    def has_known_name(self, domain: str, known_domains: Collection[str]) -> bool:
        """Return whether the shop that has this domain has, or had, one of the known ones."""
        name = self.find_name(domain)
        names = self._list_names_of(name) if name else ()
        return domain in known_domains or any(name.domain in known_domains for name in names)

    def has_former_owner(self, domain: str) -> bool:
        """Return whether another shop had this domain before."""
        return len(self._by_domain.get(domain, ())) > 1

    def is_body_of(self, key: str, domain: str, number: str) -> bool | None:
        """Return whether a body that names this domain or number is of the shop with this key.

        None where it names no shop that is known: a link of another form than today's must not lose the shop's orders.
        """
        owner = self.find_key_of_number(number)
        if not owner and self.find_name(domain):
            owner = self.find_key(domain)
        return owner in self.list_keys(key) if owner else None

    def is_rename(self, domain: str, number: str) -> bool:
        """Return whether this domain with this number would be news of a shop, or of a domain, that has another one."""
        same = [*self._by_domain.get(domain, ()), *(self._by_number.get(number, ()) if number else ())]
        is_known = any((name.domain, name.number) == (domain, number) for name in same)
        return not is_known and any(name.number for name in same)

    def is_worth_storing(self, name: ShopName) -> bool:
        """Return whether a name tells more than is stored: not where only the time differs, and by little.

        When a name was seen last decides between several of a shop; where there is one, to store the time of each webhook would
        make every worker read all names again for it.
        """
        known = self.find_name(name.domain)
        is_alone = len(self._by_domain.get(name.domain, ())) == len(self._by_number.get(name.number, ())) == 1
        return (
            known is None
            or not is_alone
            or replace(name, last_seen_at=known.last_seen_at) != known
            or name.last_seen_at - known.last_seen_at >= STORE_SEEN_AFTER
        )

    def list_due_domains(self, now: datetime) -> list[str]:
        """Return the domains about which Shopify must be asked: without a number, or that two shops had."""
        due: list[str] = []
        for domain, candidates in self._by_domain.items():
            asked_at = max((name.asked_at for name in candidates if name.asked_at), default=None)
            newest = max(name.first_seen_at for name in candidates)
            is_open = any(not name.number for name in candidates) or (
                len(candidates) > 1 and (asked_at is None or asked_at < newest)
            )
            if is_open and (asked_at is None or now - asked_at >= RETRY_ASKING_AFTER):
                due.append(domain)
        return due

    def record_name(self, domain: str, number: str, seen_at: datetime, *, is_confirmed: bool = False) -> ShopName:
        """Return the name as it is to be stored after this domain was seen with this number ('' is not known).

        A body that was sent before may be sent again, so it does not give a shop back a domain that another one took:
        only Shopify's own answer does (`is_confirmed`).
        """
        candidates = self._by_domain.get(domain, ())
        asked_at = seen_at if is_confirmed else None
        for name in candidates:
            if name.number == number or not name.number:
                is_moved = is_confirmed or len(candidates) == 1
                return replace(
                    name,
                    number=number,
                    first_seen_at=min(name.first_seen_at, seen_at),
                    last_seen_at=max(name.last_seen_at, seen_at) if is_moved else name.last_seen_at,
                    asked_at=asked_at or name.asked_at,
                )
        name = ShopName(
            domain=domain, number=number, key=domain, first_seen_at=seen_at, last_seen_at=seen_at, asked_at=asked_at
        )
        if domain in self._by_key:  # rows under this domain are another shop's
            of_number = self._list_names_of(name)
            name = replace(name, key=of_number[0].key if of_number else f"shop-{number}")
        return name

    def _list_names_of(self, name: ShopName) -> tuple[ShopName, ...]:
        """Return all names of this name's shop, oldest first."""
        if name.number:
            return tuple(self._by_number.get(name.number, ()))
        return tuple(each for each in self._by_domain.get(name.domain, ()) if each == name)


def _group_names(names: Iterable[ShopName], field: str) -> Mapping[str, Sequence[ShopName]]:
    """Return the names by the value of a field, in their order."""
    groups: dict[str, list[ShopName]] = {}
    for name in names:
        groups.setdefault(getattr(name, field), []).append(name)
    return groups
