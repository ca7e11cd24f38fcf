"""Earlier erasures in a package: for programs (`earlier_erasures` of 01 and 08), and in words for the letter.

Says what was erased, when, and what is still sealed until when. Never what a sealed paper holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.model import DocumentKind
from bridge.rules.retention.release import CATEGORY as PAPERS
from bridge.rules.retention.release import CLAIM
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.text import long_day, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, tzinfo

    from bridge.rules.erasure.tombstone import Earlier, Rest


def key(earlier: Sequence[Earlier], zone: tzinfo) -> Mapping[str, Any]:
    """Make the key `earlier_erasures`; nothing where there was none."""
    return {"earlier_erasures": [_entry(each, zone) for each in earlier]} if earlier else {}


def count(earlier: Sequence[Earlier]) -> int:
    """Count what is still sealed or locked away."""
    return sum(rest.count for each in earlier for rest in each.rests)


def laws(earlier: Sequence[Earlier]) -> tuple[str, ...]:
    """Titles of the laws behind all that is still kept: for the footnote."""
    return tuple(dict.fromkeys(law for each in earlier for rest in each.rests for law in rest.laws))


def told(each: Earlier, zone: tzinfo) -> Mapping[str, Any]:
    """Say an earlier erasure as a person reads it: `done`, then `kept` line by line, then `why_codes`."""
    return {
        "done": _done(each, zone),
        "kept": [*_papers(each.rests), *map(_bank, _of(each.rests, papers=False))],
        "why_codes": plain_language.CODES_KEPT
        + (f" They go after {long_day(each.codes_until)}." if each.codes_until else ""),
    }


def _entry(each: Earlier, zone: tzinfo) -> Mapping[str, Any]:
    return {
        "erased_on": each.erasure.erased_at.astimezone(zone).date().isoformat(),
        "reference": each.erasure.request_id,
        "finished": each.finished,
        "erased": [
            {"what": plain_language.ERASED[table][1], "count": rows} for table, rows in each.removed.items()
        ],
        "sealed": [
            {
                "what": rest.what,
                "count": rest.count,
                "law": "; ".join(rest.laws),
                "until": _day(rest.until),
                "erasable_from": _day(rest.erasable_from),
            }
            for rest in each.rests
        ],
        "suppression_keys": {"in_words": plain_language.CODES_KEPT, "until": _day(each.codes_until)},
    }


def _done(each: Earlier, zone: tzinfo) -> str:
    day, reference = long_day(each.erasure.erased_at.astimezone(zone).date()), each.erasure.request_id
    went = [plural(rows, *plain_language.ERASED[table]) for table, rows in each.removed.items()]
    gone = f" From our own records went: {', '.join(went)}." if went else ""
    if not each.finished:
        return (
            f"You asked us to erase your data. We began on {day} (reference {reference}) and have not "
            f"finished: the copy of an invoice that the tax law demands is still missing.{gone}"
        )
    return f"You asked us to erase your data. We did on {day} (reference {reference}).{gone}"


def _papers(rests: Sequence[Rest]) -> list[str]:
    """Group papers by what is to be said of their end."""
    groups: dict[str, dict[str, int]] = {}
    for rest in _of(rests, papers=True):
        kind = next(
            name for each in DocumentKind if rest.what.startswith(name := plain_language.plain(each, {}))
        )
        counts = groups.setdefault(_until(rest), {})
        counts[kind] = counts.get(kind, 0) + rest.count
    lines = [
        f"{until}: {', '.join(plural(number, kind) for kind, number in counts.items())}."
        for until, counts in groups.items()
    ]
    return [*lines, "Nobody reads it in daily work."] if lines else []


def _until(rest: Rest) -> str:
    if not rest.grounds:
        return "No law keeps this any more, and it is destroyed next"
    if CLAIM in rest.grounds:
        return "Sealed while a dispute or claim is open"
    if rest.until is None:
        return "What the tax law makes us keep is sealed; the last day is still to be worked out"
    return f"What the tax law makes us keep is sealed until {long_day(rest.until)}"


def _bank(rest: Rest) -> str:
    details = f"Bank particulars for {plural(rest.count, 'refund')}"
    if not rest.grounds:
        return f"{details} are no longer needed and are destroyed next."
    if CLAIM in rest.grounds:
        return f"{details} are locked away while a dispute or claim is open."
    if rest.until is None:
        return f"{details} are locked away until the refund is settled."
    return f"{details} are locked away until {long_day(rest.until)}."


def _of(rests: Sequence[Rest], *, papers: bool) -> list[Rest]:
    return [rest for rest in rests if (rest.category == PAPERS) is papers]


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
