"""Parses Blue Dart's tracking answer, XML or JSON, into one XML tree. Sends nothing and interprets no field.

The vendor documents XML only; some accounts answer JSON, and no page says that the answer has the requested format.
The format is therefore detected. A list may arrive as a single object, and the reverse.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bridge.connectors.parsing import parse_json, parse_xml

ROOT_TAG = "ShipmentData"
SHIPMENT_ATTRIBUTES = ("WaybillNo", "RefNo")  # of a shipment, in XML; in JSON they stand among its fields


def parse_shipment_tree(content: bytes) -> Element | None:
    """Return the tree below `ShipmentData`; None if the answer is neither of its two forms."""
    if not content.lstrip().startswith(b"{"):
        root = parse_xml(content)
        return root if root is not None and root.tag == ROOT_TAG else None
    response = parse_json(content)
    data = response.get(ROOT_TAG) if isinstance(response, dict) else None
    parts = data if isinstance(data, list) else [data]
    root = Element(ROOT_TAG)
    with suppress(RecursionError):
        for part in parts:
            if not isinstance(part, dict):
                return None
            _fill_element(root, part)
        return root
    return None


def _fill_element(parent: Element, fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        name = key.lstrip("@")
        if parent.tag == "Shipment" and name in SHIPMENT_ATTRIBUTES:
            parent.set(name, "" if value is None else str(value))
            continue
        for one in value if isinstance(value, list) else [value]:
            child = SubElement(parent, name)
            if isinstance(one, dict):
                _fill_element(child, one)
            elif one is not None:
                child.text = str(one)
