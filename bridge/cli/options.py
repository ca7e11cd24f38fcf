"""Options and values that several commands take. Free text is checked, because evidence is never changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

Decorator: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]
ADVICE = "Write what happened, such as 'letter of 12 Nov' or 'ticket 4711', and nothing that a person is found by."
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


FREE_TEXT, REFERENCE = FreeText(), Reference()


def free_text_option(name: str, meaning: str, *, required: bool = True) -> Decorator:
    """Return an option for a checked text; '' where an optional one is not given."""
    return click.option(
        name, type=FREE_TEXT, required=required, callback=lambda _, __, given: given or "", help=meaning
    )


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


FILE_TYPE = click.Path(dir_okay=False, path_type=Path)
LIMIT = click.IntRange(1, 100_000)  # rows of a list
REASON_OPTION = free_text_option("--reason", "Why you do this. It is recorded as evidence: no names.")
REVEAL_REASON_OPTION = free_text_option(
    "--reason", "Why you need it; required with --reveal. No names.", required=False
)
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
