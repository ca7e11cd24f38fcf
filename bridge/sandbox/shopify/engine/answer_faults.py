"""The faults inside an answer of status 200: pages that lead nowhere, fields that fail, nodes that are null.

A fault names a field as `orders` or `Order.events`, and may name a row. The rest of the answer is right, as at Shopify.
https://shopify.dev/docs/api/admin-graphql#status-and-error-codes
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.faults import ANSWER_FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.faults import FaultInjector, InjectedFault

FAILED_FIELD_MESSAGE: Final = "Internal error. Looks like something went wrong on our end."


@dataclass(frozen=True, slots=True)
class AnswerFaults:
    """The faults of one answer."""

    faults: tuple[InjectedFault, ...] = ()

    @classmethod
    def consume(cls, injector: FaultInjector, *call_texts: str) -> AnswerFaults:
        """Use up one occurrence of every pending fault of an answer."""
        return cls(tuple(one for kind in ANSWER_FAULTS for one in injector.consume_all(kind, *call_texts)))

    def find(self, kinds: tuple[str, ...], parent: str, name: str, path: tuple[str | int, ...] = ()) -> str:
        """Return the kind of the fault of a field; '' if it has none. `path` decides its row."""
        rows = [part for part in path if isinstance(part, int)]
        for fault in self.faults:
            is_row = fault.row is None or bool(rows and rows[-1] == fault.row)
            if fault.kind in kinds and is_row and fault.field in ("", name, f"{parent}.{name}"):
                return fault.kind
        return ""


def spoil_page(kind: str, page: Mapping[str, Any], after: str | None) -> Mapping[str, Any]:
    """Return the page with a fault that makes it lead nowhere."""
    info = page["pageInfo"]
    if kind == "empty_page":
        empty = {"hasNextPage": True, "endCursor": _encode_next_cursor(after)}
        return {"nodes": [], "edges": [], "pageInfo": {**info, **empty}}
    cursors = {
        "null_cursor": None,
        "repeat_cursor": after or info["endCursor"],
        "alternate_cursor": SECOND_START if after == FIRST_START else FIRST_START,
    }
    return {**page, "pageInfo": {**info, "hasNextPage": True, "endCursor": cursors[kind]}}


def _encode_next_cursor(after: str | None) -> str:
    """Return another cursor of the same position."""
    position: dict[str, Any] = json.loads(base64.b64decode(after)) if after else {"last_id": ""}
    position["empty_pages"] = int(position.get("empty_pages", 0)) + 1
    return base64.b64encode(json.dumps(position).encode()).decode()


FIRST_START: Final = _encode_next_cursor(None)  # two cursors of the start of a list
SECOND_START: Final = _encode_next_cursor(FIRST_START)
