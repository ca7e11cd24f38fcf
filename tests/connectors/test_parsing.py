"""Answers in any encoding are read, and what is read can be written again."""

from __future__ import annotations

import json

import pytest

from bridge.connectors.parsing import CUT_TEXT, MAX_VALUES, parse_json, parse_xml

XML = '<?xml version="1.0" encoding="{}"?><ShipmentData><Consignee>Ren\u00e9</Consignee></ShipmentData>'


@pytest.mark.parametrize("blanks", ["", "\n \t", "\ufeff", "\ufeff\r\n"])
@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        *(("UTF-8", "utf-8"), ("ISO-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("utf-16", "utf-16")),
        *(
            ("UTF-16", "utf-16-le"),
            ("UTF-16", "utf-16-be"),
            ("utf-8", "utf-32"),
            ("no-such", "utf-8"),
            ("zlib", "utf-8"),
        ),
        *(("UTF-8", "cp1252"), ("utf-16", "utf-8")),
    ],
)
def test_xml_in_its_declared_encoding_or_another_is_read(blanks, declared, encoding):
    text = blanks + XML.format(declared)
    if "\ufeff" in text and encoding in ("latin-1", "cp1252"):
        text = text.replace("\ufeff", "")
    root = parse_xml(text.encode(encoding))
    assert root is not None
    assert root.findtext("Consignee") == "Ren\u00e9"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_json_in_any_encoding_is_read(encoding):
    assert parse_json(' \n{"name": "Ren\u00e9"}\n'.encode(encoding)) == {"name": "Ren\u00e9"}


def test_what_cannot_be_written_again_is_replaced():
    value = parse_json(
        b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": "\\ud800", "e": ' + b"9" * 5_000 + b', "f": "\\ud83d\\ude00"}'
    )
    assert json.loads(json.dumps(value, allow_nan=False).encode()) == value
    assert (value["a"], value["b"], value["c"], value["d"]) == (None, None, None, "?")
    assert (value["e"], value["f"]) == ("9" * 5_000, "\N{GRINNING FACE}")


def test_deep_nesting_is_cut_and_the_rest_is_kept():
    value = parse_json(b'{"name": "Asha", "odd": ' + b"[" * 300 + b"]" * 300 + b"}")
    assert value["name"] == "Asha"
    assert CUT_TEXT in json.dumps(value)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\xff\xfe\0", b"[" * 100_000, b"{", b"[" + b"0," * (MAX_VALUES + 1) + b"0]", b'{"a": 1}{']
)
def test_what_is_no_json_is_none(content):
    assert parse_json(content) is None


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a>" + b"<b/>" * MAX_VALUES + b"</a>", b"<!DOCTYPE a><a/>", b"\xff\xfe\0"]
)
def test_what_is_no_xml_is_none(content):
    assert parse_xml(content) is None
