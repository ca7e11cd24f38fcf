"""What the tasks of nominations, nominees and incidents have done so far."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.desk.incidents import IncidentReport


@dataclass(frozen=True, kw_only=True, slots=True)
class NominationProgress:
    """The nomination that was recorded, '' before.

    `accepted`: an operator made sure who asked for it; `declined`: that could not be made sure.
    """

    nomination_id: str = ""
    accepted: bool = False
    declined: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NomineeProgress:
    """The nomination by which a nominee acts and the request that was opened for the person, '' before.

    `declined`: an operator decided that no nomination lets this nominee act.
    """

    nomination_id: str = ""
    opened_request_id: str = ""
    declined: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentProgress:
    """Who was told of a breach, how many persons it concerns (None: not counted), and how many were written to."""

    reports: tuple[IncidentReport, ...] = ()
    persons: int | None = None
    letters: int = 0
