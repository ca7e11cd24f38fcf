"""`--reference`: what stands in the evidence for ever, and so names nobody."""

from __future__ import annotations

import re
from collections.abc import Callable

import click


def reference_option(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--reference`, required: one word, for it stands in the evidence for ever."""
    return click.option(
        "--reference", required=True, callback=_validate_reference, help=f"{meaning} One word, no names."
    )


def _validate_reference(_: click.Context, __: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._/#:-]{1,64}", value):
        raise click.BadParameter("up to 64 letters, digits and . _ / # : - and nothing that names a person")
    return value
