"""The words in which commands about identity refuse."""

from __future__ import annotations

IDENTITY_FAULTS = {
    "identity_not_asked": "this kind of request needs no proof of who asks",
    "answered_already": "the request can be answered already: see `dsr show`",
    "asked_too_often": "proof was asked for three times already: record what became of it with `dsr identified`",
    "no_open_doubt": "nobody doubts who asks: see `dsr show`",
    "method_unfit": "this doubt does not end so: for a person under 18 `parent_or_guardian` or `of_age`, else one of the others",
    "minor_needs_nobody": "only a copy waits for a parent or guardian: what else a child asks for goes on",
    "marked_already": "the request is marked as one of a person under 18: see `dsr show`",
}
