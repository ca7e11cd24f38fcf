"""Blue Dart's tracking as one tree, whichever of its two forms it comes in. Asks nothing, judges nothing.

The reference knows XML only; some accounts answer JSON, and whether the answer has the form that was asked for is not
written: what arrives is looked at. A list may be a single object, and the reverse.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bridge.connectors.parsing import parse_json, parse_xml

ROOT_TAG = "ShipmentData"
SHIPMENT_ATTRIBUTES = ("WaybillNo", "RefNo")  # of a shipment, in XML; in JSON they stand among its fields


def parse_shipment_tree(content: bytes) -> Element | None:
    """The tree below `ShipmentData`; None where the answer is neither form of it."""
    if not content.lstrip().startswith(b"{"):
        root = parse_xml(content)
        return root if root is not None and root.tag == ROOT_TAG else None
    told = parse_json(content)
    data = told.get(ROOT_TAG) if isinstance(told, dict) else None
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
