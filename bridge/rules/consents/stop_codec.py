"""Turns the progress of the tasks of a withdrawal of consent into what is stored, and back. Pure: see `progress_codec`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bridge.model import ConsentDataProgress, ConsentEvent, ErasureAction, PlanLine, StopMarketingProgress
from bridge.model.holding import plan_line_as_json


def encode_withdrawal_detail(progress: StopMarketingProgress | ConsentDataProgress) -> dict[str, Any]:
    """Return what of the progress is no person's: codes, counts and days, without what there is none of."""
    if isinstance(progress, StopMarketingProgress):
        return _encode_stop_detail(progress)
    return _encode_consent_data_detail(progress)


def _encode_stop_detail(progress: StopMarketingProgress) -> dict[str, Any]:
    """Return since when and on which channels nobody writes, and the digest of the proof; nothing before the first run."""
    if progress.stopped_at is None:
        return {}
    proof = {"sha256": progress.sha256} if progress.sha256 else {}
    return {"stopped_at": progress.stopped_at.isoformat(), "channels": list(progress.channels), **proof}


def decode_stop(cursor: str, detail: Mapping[str, Any]) -> StopMarketingProgress:
    """Return the progress from its two stored parts: the consents as they stood, and `encode_withdrawal_detail`."""
    stopped_at = detail.get("stopped_at")
    return StopMarketingProgress(
        stopped_at=datetime.fromisoformat(stopped_at) if stopped_at else None,
        channels=tuple(detail.get("channels", ())),
        events=tuple(ConsentEvent(**row) for row in json.loads(cursor or "[]")),
        sha256=detail.get("sha256", ""),
    )


def _encode_consent_data_detail(progress: ConsentDataProgress) -> dict[str, Any]:
    """Return what was erased and what stays, without what there is none of: fields, counts, laws and days."""
    lines = {"lines": progress.lines, "begun": progress.begun}
    names = {"standing": progress.standing, "held_by": progress.held_by}
    return {
        **{name: [dict(plan_line_as_json(line)) for line in rows] for name, rows in lines.items() if rows},
        **{name: list(values) for name, values in names.items() if values},
        **({"discloses": True} if progress.discloses else {}),
    }


def decode_consent_data(detail: Mapping[str, Any]) -> ConsentDataProgress:
    """Return the progress from what `encode_withdrawal_detail` wrote."""
    return ConsentDataProgress(
        lines=tuple(map(_decode_line, detail.get("lines", ()))),
        begun=tuple(map(_decode_line, detail.get("begun", ()))),
        standing=tuple(detail.get("standing", ())),
        held_by=tuple(detail.get("held_by", ())),
        discloses=detail.get("discloses", False),
    )


def _decode_line(row: Mapping[str, Any]) -> PlanLine:
    names = ("system", "category", "what", "reason", "count", "law")
    return PlanLine(
        **{name: row[name] for name in names},
        action=ErasureAction(row["action"]),
        until=date.fromisoformat(row["until"]) if row["until"] else None,
        hold_ids=tuple(row["holds"]),
    )
