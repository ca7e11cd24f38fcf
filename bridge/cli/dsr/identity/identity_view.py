"""The words in which commands about identity refuse."""

from __future__ import annotations

IDENTITY_FAULTS = {
    "identity_not_asked": "this kind of request needs no proof of who asks",
    "answered_already": "the request can be answered already: see `dsr show`",
    "asked_too_often": "proof was asked for three times already: record what became of it with `dsr identified`",
    "no_open_doubt": "nobody doubts who asks: see `dsr show`",
}
