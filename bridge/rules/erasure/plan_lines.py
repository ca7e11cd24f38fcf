"""Turns the lines of an erasure plan into JSON, and compares two plans line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.model import ErasureAction, PlanLine
from bridge.model.holding import plan_line_as_json


def serialise_plan(plan: Iterable[PlanLine]) -> list[dict[str, Any]]:
    """Return the lines, JSON-ready."""
    return [dict(plan_line_as_json(line)) for line in plan]


def compare_plans(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what differs between two plans, as `serialise_plan` writes them; of proofs action and count alone."""
    old, new = _index_plan_lines(before), _index_plan_lines(after)
    return [
        {"system": key[0], "category": key[1], "what": key[2], "before": old.get(key), "now": new.get(key)}
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
    ]


def _index_plan_lines(plan: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Return what is compared of each line, by what it is about; lines of one kind with other days stay apart."""
    index: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for line in plan:
        is_proof = line["action"] == ErasureAction.KEEP_AS_EVIDENCE
        day = "" if is_proof else str(line["until"] or "")
        compared = {"action": line["action"], "count": line["count"]}
        if not is_proof:
            compared["until"] = line["until"]
        index[line["system"], line["category"], line["what"], day] = compared
    return index
