"""Ids that commands take: one sentence where there is none, and a hint where an id is of another kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from bridge.cli.shared.failures import CommandFailed

NO_ID = re.compile(r"[\W\d_]*")  # no letter in it: perhaps an account or a phone, which is not repeated


@dataclass(frozen=True, slots=True)
class IdKind:
    """What ids of a prefix name, the command that shows one of them, and the command that lists them."""

    noun: str
    show: str
    list: str


ID_KINDS = {
    "req": IdKind("request", "dsr show", "dsr list"),
    "dlv": IdKind("delivery", "inbox show", "inbox list"),
    "ntc": IdKind("notice", "notice show", "notice list"),
    "ltr": IdKind("letter", "letter show", "letter list"),
    "ent": IdKind("notice item", "notice show", "notice show NOTICE"),
    "rev": IdKind("review", "review show", "review list"),
    "rfd": IdKind("refund", "refund show", "refund list"),
    "clm": IdKind("legal hold", "", "hold list"),
    "nom": IdKind("nomination", "", "nomination list"),
    "dcl": IdKind("disclosure", "disclosure show", "disclosure list"),
    "doc": IdKind("document", "", "vault list"),
    "mal": IdKind("mail", "mail show", "mail list"),
}


class IdParam(click.ParamType[str]):
    """An id of one of these kinds. Refused: an id of another kind, with the command that takes it."""

    name = "id"

    def __init__(self, *prefixes: str) -> None:
        self.prefixes = prefixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id. Raises BadParameter."""
        text = str(value).strip()
        kind = ID_KINDS.get(text.partition("_")[0])
        if kind and "_" in text and text.partition("_")[0] not in self.prefixes:
            advice = f"Did you mean `bridge {kind.show} {text}`?" if kind.show else f"`bridge {kind.list}` lists those."
            self.fail(
                f"{text} is the id of a {kind.noun}, not of a {ID_KINDS[self.prefixes[0]].noun}. {advice}", param, ctx
            )
        return text


REQUEST_ID, DELIVERY_ID, ITEM_ID, NOTICE_ID = IdParam("req"), IdParam("dlv"), IdParam("ent"), IdParam("ntc")
LETTER_ID = IdParam("ltr")
NOMINATION_ID, DISCLOSURE_ID = IdParam("nom"), IdParam("dcl")
REVIEW_ID, REFUND_ID, HOLD_ID, DOCUMENT_ID = IdParam("rev"), IdParam("rfd"), IdParam("clm"), IdParam("doc")
MAIL_ID = IdParam("mal")
NOTICE_OR_ITEM_ID = IdParam("ntc", "ent")


def exit_with_unknown_id(prefix: str, given: str) -> NoReturn:
    """Exit with 1: nothing has this id. What holds no letter is not repeated."""
    kind = ID_KINDS[prefix]
    named = "of that id" if NO_ID.fullmatch(given) else given
    raise CommandFailed(f"There is no {kind.noun} {named}.", f"`bridge {kind.list}` lists them.")
