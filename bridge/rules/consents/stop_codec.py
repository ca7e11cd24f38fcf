"""Turns the progress of a withdrawal of consent into what is stored, and back. Pure: see `progress_codec`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.model import ConsentEvent, StopMarketingProgress


def encode_stop_detail(progress: StopMarketingProgress) -> dict[str, Any]:
    """Return since when and on which channels nobody writes, and the digest of the proof; nothing before the first run."""
    if progress.stopped_at is None:
        return {}
    proof = {"sha256": progress.sha256} if progress.sha256 else {}
    return {"stopped_at": progress.stopped_at.isoformat(), "channels": list(progress.channels), **proof}


def decode_stop(cursor: str, detail: Mapping[str, Any]) -> StopMarketingProgress:
    """Return the progress from its two stored parts: the consents as they stood, and `encode_stop_detail`."""
    stopped_at = detail.get("stopped_at")
    return StopMarketingProgress(
        stopped_at=datetime.fromisoformat(stopped_at) if stopped_at else None,
        channels=tuple(detail.get("channels", ())),
        events=tuple(ConsentEvent(**row) for row in json.loads(cursor or "[]")),
        sha256=detail.get("sha256", ""),
    )
