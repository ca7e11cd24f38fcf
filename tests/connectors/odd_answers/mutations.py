"""Hypothesis strategies that make a carrier's real answer odd: in one of its rows, or as a whole."""

from __future__ import annotations

import copy
import gzip
from typing import Any

from hypothesis import strategies as st

ODD_DATES = (
    *("0001-01-01T00:00:00", "0001-01-01T14:20", "9999-12-31T23:59:59+00:00", "1900-01-01", "0000-00-00 00:00:00"),
    *("2999-01-01T00:00:00Z", "2026-02-30T10:00:00", "2026-06-04T14:20:00+23:59", "2026-06-04T25:00:00", "20260604"),
    *(
        "2026-W23-4",
        "1780000000",
        1_780_000_000,
        1_780_000_000_000,
        1.78e9,
        -1,
        "04 June 0001",
        "04 June 9999",
        "31 June 2026",
    ),
)
ODD_TEXTS = (
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "null",
        "NaN",
        "-",
        "0",
        "\N{SUPERSCRIPT TWO}",
        "\N{DEVANAGARI DIGIT SEVEN}",
        "9" * 5_000,
    ),
    *("x" * 100_000, "\u202e\u200b", "../..", "a\r\nb", "{{7*7}}", "https://example.com/?q=1", "1e400", "<b>&amp;</b>"),
)
ODD_VALUES = (
    *(
        None,
        True,
        False,
        0,
        -1,
        10**30,
        10**400,
        1e308,
        float("nan"),
        float("inf"),
        0.1,
        [],
        {},
        [[]],
        [None],
        [{}],
        {"": 0},
    ),
    *(["a", 1, None], {"a": {"b": ["c"]}}, [1] * 2_000, *ODD_DATES, *ODD_TEXTS),
)
OTHER_ANSWERS = (
    *(b"", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[]]", b"\xff\xfe", b"\0" * 10, b"[" * 50_000, b"<" * 50_000),
    *(b"<html><body>Bad gateway</body></html>", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    *(
        b'{"message": null}',
        b'{"meta": []}',
        b'{"ShipmentData": {}}',
        b"<ShipmentData/>",
        b"<root/>",
        b'{"Error": {"a": 1}}',
    ),
)


def nest(value: Any, depth: int) -> Any:
    for level in range(depth):
        value = [value] if level % 2 else {"value": value}
    return value


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, part in parts for deeper in list_paths(part, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, row: Any, *, keep: tuple[tuple[Any, ...], ...] = ()) -> Any:
    """Return the row with one to three values swapped, dropped, repeated or nested; not those at the paths `keep`."""
    row = copy.deepcopy(row)
    for _ in range(draw(st.integers(1, 3))):
        is_kept = [keep_path[: len(path)] for keep_path in keep for path in list_paths(row)]
        paths = [path for path in list_paths(row) if path not in is_kept]
        if not paths:
            return row
        path = draw(st.sampled_from(paths))
        if not path:
            return copy.deepcopy(draw(st.sampled_from((*ODD_VALUES, nest(row, 3), [row, row]))))
        parent = row
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(("swap", "swap", "swap", "drop", "nest", "list", "rename")))
        value = parent[path[-1]]
        if how == "swap":
            parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
        elif how == "nest":
            parent[path[-1]] = nest(value, draw(st.sampled_from((1, 2, 45, 200))))
        elif how == "list":
            parent[path[-1]] = [copy.deepcopy(value) for _ in range(draw(st.sampled_from((0, 1, 3))))]
        elif isinstance(parent, dict):
            del parent[path[-1]]
            if how == "rename":
                parent[draw(st.sampled_from(("", "x" * 300, "\0", "@AWB", "é")))] = value
        else:
            del parent[path[-1]]
    return row


@st.composite
def spoiled(draw: st.DrawFn, content: bytes) -> bytes:
    """Return the bytes of an answer cut, changed, in another encoding, or something else instead."""
    how = draw(st.sampled_from(("cut", "change", "insert", "encode", "other", "zip", "repeat")))
    at = draw(st.integers(0, len(content)))
    text, bits = (
        content.decode("latin-1"),
        st.sampled_from((b'"', b"{", b"]", b"<", b"&", b"\0", b"\xff", b"NaN", b"\\ud800")),
    )
    changed = {
        "cut": st.just(content[:at]),
        "change": st.binary(min_size=1, max_size=4).map(lambda part: content[:at] + part + content[at + 4 :]),
        "insert": bits.map(lambda part: content[:at] + part + content[at:]),
        "encode": st.sampled_from(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp500", "utf-7")).map(text.encode),
        "zip": st.just(gzip.compress(content)),
        "repeat": st.just(content * 2),
        "other": st.sampled_from(OTHER_ANSWERS),
    }
    return draw(changed[how])
