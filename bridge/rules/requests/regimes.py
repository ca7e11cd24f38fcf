"""Decide which countries' rules apply to a data subject on a day, and which complaint routes are open.

Pure: the countries (of addresses, or where the data subject says to be) and the day are given. India always counts;
nationality never does.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from config.retention_file.gdpr_bases import EEA

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_DATED_ROUTE_FORMAT = re.compile(r"(before|from)_(\d{4})_(\d\d)_(\d\d)")


def list_regimes(countries: Collection[str]) -> tuple[str, ...]:
    """Return `IN`, then `EU` and `UK` where one of the countries (ISO codes) lies there."""
    eu = ("EU",) if EEA & set(countries) else ()
    uk = ("UK",) if "GB" in countries else ()
    return ("IN", *eu, *uk)


def list_complaint_routes(
    routes: Mapping[str, Sequence[str]], *, day: date, regimes: Collection[str]
) -> tuple[str, ...]:
    """Return codes of the complaint routes that are open on that day, without repeats."""
    open_codes: list[str] = []
    for key, codes in routes.items():
        dated = _DATED_ROUTE_FORMAT.fullmatch(key)
        if dated is None:
            valid = key.upper() in regimes
        else:
            turn = date(int(dated[2]), int(dated[3]), int(dated[4]))
            valid = day < turn if dated[1] == "before" else day >= turn
        open_codes += codes if valid else ()
    return tuple(dict.fromkeys(open_codes))
