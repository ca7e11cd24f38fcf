"""Turns the progress of corrections, restrictions and objections into JSON, and back: codes, counts and days only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bridge import model

RightsProgress = model.CorrectionProgress | model.RestrictionProgress | model.ObjectionProgress
PROGRESS_BY_ACTION: Mapping[model.TaskAction, type[RightsProgress]] = {
    model.TaskAction.CORRECT: model.CorrectionProgress,
    model.TaskAction.RESTRICT: model.RestrictionProgress,
    model.TaskAction.WEIGH_OBJECTION: model.ObjectionProgress,
}


def encode_rights_detail(progress: RightsProgress) -> dict[str, Any]:
    """Return the codes, counts and days of the progress, without what there is none of."""
    values = {name: value for name, value in asdict(progress).items() if value}
    return {name: _encode_rights_value(value) for name, value in values.items()}


def _encode_rights_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [_encode_rights_value(each) for each in value] if isinstance(value, tuple) else value


def decode_rights_progress(action: model.TaskAction, detail: Mapping[str, Any]) -> RightsProgress:
    """Return the progress of a task of this action from what `encode_rights_detail` wrote."""
    kind = PROGRESS_BY_ACTION[action]
    known = {field.name for field in fields(kind)}
    return kind(**{name: _decode_value(name, value) for name, value in detail.items() if name in known})


def _decode_value(name: str, value: Any) -> Any:
    if name == "ends_at":
        return datetime.fromisoformat(value)
    return tuple(_decode_value("", each) for each in value) if isinstance(value, list) else value
