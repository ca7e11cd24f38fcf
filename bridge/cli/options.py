"""Options and values that several commands take. Free text is checked, because evidence is never changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import click

Decorator: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]
ADVICE = "Write what happened, such as 'letter of 12 Nov' or 'ticket 4711', and nothing that a person is found by."
REVEAL_ADVICE = (
    "Whoever reads the evidence later must understand it: 'answer to the request', 'carrier asks, ticket 4711'."
)
# parameters that name the person or parcel that a command is about: its free text does not repeat them
PERSON_PARAMETERS = ("customer_id", "emails", "phones", "orders", "order_id", "confirm")


class FreeText(click.ParamType[str]):
    """A text for people. Refused: personal data, and what says nothing."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text without blanks around it. Raises BadParameter that does not repeat it."""
        from bridge.rules.scanning import personal_text  # noqa: PLC0415 - slow to import

        text = str(value).strip()
        if personal_text.says_too_little(text):
            self.fail(f"it says too little. {ADVICE}", param, ctx)
        if len(text) > (most := personal_text.MAX_FREE_TEXT_CHARS):
            self.fail(f"it is longer than {most} characters. {ADVICE}", param, ctx)
        if found := personal_text.describe_personal_text(text):
            self.fail(f"it holds what looks like {found}, and is kept for good. {ADVICE}", param, ctx)
        return text


class RevealReason(FreeText):
    """A text that says why personal data is read. Refused besides: one word, and what says nothing."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reason. Raises BadParameter."""
        from bridge.rules.operators.reasons import says_no_reason  # noqa: PLC0415 - only a reading pays for it

        text = super().convert(value, param, ctx)
        if says_no_reason(text):
            self.fail(f"it does not say why. {REVEAL_ADVICE}", param, ctx)
        return text


class Reference(click.ParamType[str]):
    """One word that names a file or a ticket. Refused: personal data."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reference. Raises BadParameter that does not repeat it."""
        from bridge.rules.scanning.personal_text import describe_personal_text  # noqa: PLC0415 - slow to import

        text = str(value)
        if not re.fullmatch(r"[A-Za-z0-9._/#:-]{1,64}", text):
            self.fail("give up to 64 letters, digits and . _ / # : - and no name of a person", param, ctx)
        if found := describe_personal_text(text, is_reference=True):
            self.fail(f"it holds what looks like {found}: give the number of a file or a ticket", param, ctx)
        return text


class FilterWord(click.ParamType[str]):
    """A stored word, a domain, an id or a time that rows are compared with. It is stored nowhere."""

    name = "word"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word. Raises BadParameter."""
        if not re.fullmatch(r"[A-Za-z0-9 ._/:+-]{1,80}", str(value)):
            self.fail("give one word, id, domain or time of up to 80 characters", param, ctx)
        return str(value)


FREE_TEXT, REVEAL_REASON, REFERENCE, FILTER_WORD = FreeText(), RevealReason(), Reference(), FilterWord()


def free_text_option(name: str, meaning: str, *, required: bool = True, kind: FreeText = FREE_TEXT) -> Decorator:
    """Return an option for a checked text; '' where an optional one is not given."""
    return click.option(name, type=kind, required=required, callback=lambda _, __, given: given or "", help=meaning)


def refuse_repeated_values(context: click.Context) -> None:
    """Raise UsageError if a free text repeats an identifier that the same command was given."""
    known = [str(each) for name in PERSON_PARAMETERS for each in _list_values(context.params.get(name))]
    for parameter in context.command.params:
        if isinstance(parameter.type, FreeText | Reference):
            text = context.params.get(parameter.name or "") or ""
            if text and _repeats_value(text, known):
                raise click.BadParameter(
                    f"it repeats an identifier that the command was given. {ADVICE}", ctx=context, param=parameter
                )


def _repeats_value(text: str, known: list[str]) -> bool:
    from bridge.rules.scanning.personal_text import has_value_of_person  # noqa: PLC0415 - slow to import

    return has_value_of_person(text, known)


def _list_values(given: Any) -> list[Any]:
    return [each for each in (given if isinstance(given, tuple) else (given,)) if each]


LIMIT = click.IntRange(1, 100_000)  # rows of a list
REASON_OPTION = free_text_option("--reason", "Why you do this. It is recorded as evidence: no names.")
WHY_OPTION = free_text_option("--reason", "Why you do this. It is recorded as evidence: no names.", required=False)
REVEAL_REASON_OPTION = free_text_option(
    "--reason", "Why you need it; required with --reveal. No names.", required=False, kind=REVEAL_REASON
)


def reading_reason_option(meaning: str) -> Decorator:
    """Return the required option `--reason` of a command that reads personal data."""
    return free_text_option("--reason", meaning, kind=REVEAL_REASON)


SHOP_HELP = "The *.myshopify.com domain."
SHOP_OPTION = click.option("--shop", required=True, help=SHOP_HELP)
OPTIONAL_SHOP_OPTION = click.option("--shop", help=f"{SHOP_HELP} [default: the only shop of the merchant file]")


def reference_option(meaning: str) -> Decorator:
    """Return the required option `--reference`: one word, because evidence keeps it for good."""
    description = f"{meaning} One word, no names."
    return click.option("--reference", required=True, type=REFERENCE, help=description)


def require_reveal_reason(reveal: bool, reason: str) -> None:
    """Raise UsageError if personal data is to be revealed without a reason."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason: the evidence records why personal data was read")
