"""How a request comes to its end: with an answer that the person has, or without what was asked for."""

from __future__ import annotations

from enum import StrEnum


class AnswerBasis(StrEnum):
    """How it is known that the data subject has the answer.

    `assumed`: the request was closed by a release that did not record when an answer reached the data subject.
    """

    DELIVERED = "delivered"
    WAIVED = "waived"
    ASSUMED = "assumed"


class RequestEnding(StrEnum):
    """How a request ended that was not carried out."""

    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
