"""Blue Dart's tracking as one tree, whichever of its two forms it comes in. Asks nothing, judges nothing.

The reference knows XML only; some accounts answer JSON, and whether the answer has the form that was asked for is not
written: what arrives is looked at. A list may be a single object, and the reverse.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bridge.connectors.parsing import json_of, xml_of

ROOT = "ShipmentData"
ATTRIBUTES = ("WaybillNo", "RefNo")  # of a shipment, in XML; in JSON they stand among its fields


def tree_of(content: bytes) -> Element | None:
    """The tree below `ShipmentData`; None where the answer is neither form of it."""
    if not content.lstrip().startswith(b"{"):
        root = xml_of(content)
        return root if root is not None and root.tag == ROOT else None
    told = json_of(content)
    data = told.get(ROOT) if isinstance(told, dict) else None
    parts = data if isinstance(data, list) else [data]
    root = Element(ROOT)
    with suppress(RecursionError):
        for part in parts:
            if not isinstance(part, dict):
                return None
            _fill(root, part)
        return root
    return None


def _fill(parent: Element, fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        name = key.lstrip("@")
        if parent.tag == "Shipment" and name in ATTRIBUTES:
            parent.set(name, "" if value is None else str(value))
            continue
        for one in value if isinstance(value, list) else [value]:
            child = SubElement(parent, name)
            if isinstance(one, dict):
                _fill(child, one)
            elif one is not None:
                child.text = str(one)
