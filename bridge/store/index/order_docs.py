"""Merges what is sealed of an order: what a batch says of it with what is stored. Reads no table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.rules.index.consignee.clues import ConsigneeTokens, dump_tokens, load_tokens, merge_tokens
from bridge.rules.index.listings import merge_listings


def new_order_doc(order_id: str) -> dict[str, Any]:
    """Return what is sealed of an order of which nothing is known."""
    return {"id": order_id, "name": "", "cod": None, "matters": {}, "listings": {}, "clues": ""}


def merge_order_docs(
    known: Mapping[str, Any] | None, new: Mapping[str, Any], tokens: ConsigneeTokens
) -> dict[str, Any]:
    """Return the values of a batch, else the stored ones. `tokens` are the batch's clues, `known` is None for a new order."""
    if known is None:
        return {**new, "clues": dump_tokens(tokens)}
    blockers = {**known.get("matters", {})}
    for blocker, state in new["matters"].items():
        if state[0] >= blockers.get(blocker, [""])[0]:
            blockers[blocker] = state
    cod = known.get("cod") if new["cod"] is None else new["cod"]
    return {
        **new,
        "name": new["name"] or known["name"],
        "cod": cod,
        "matters": blockers,
        "listings": merge_listings(known.get("listings", {}), new["listings"]),
        "clues": dump_tokens(merge_tokens(load_tokens(known.get("clues", "")), tokens)),
    }
