"""The filters of lists and bulk commands, declared once. A command names those that it takes and gets one `wanted`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.options import FILTER_WORD, LIMIT, Decorator
from bridge.cli.shared.dates import when_option
from bridge.store.selection.row_filter import RowFilter
from config.load import read_configuration

# field of RowFilter: option, what it means
FLAGS: Mapping[str, tuple[str, str]] = {
    "incomplete": ("--incomplete", "Only what was closed, or goes on, without everything."),
    "failed": ("--failed", "Only what failed."),
    "late": ("--late", "Only requests that are, or were answered, after their deadline."),
    "needs_action": ("--needs-action", "Only mandatory webhooks that nobody has acted on."),
    "overdue": ("--overdue", "Only notices whose answer is overdue."),
}
TEXTS: Mapping[str, tuple[str, str]] = {
    "state": ("--state", "Only what is in this state."),
    "kind": ("--kind", "Only this kind."),
    "shop": ("--shop", "Only this shop: its *.myshopify.com domain, present or former."),
    "topic": ("--topic", "Only this topic, for example customers/redact."),
    "system": ("--system", "Only what is about this system, for example shopify or delhivery."),
    "outcome": ("--outcome", "Only where a system's task ended so, for example unreached."),
    "reason_class": ("--reason-class", "Only this class of reasons; --by-reason of the list counts each."),
    "after": ("--after", "The page after the row with this id."),
}


def filter_options(
    *names: str,
    choices: Mapping[str, Sequence[str]] | None = None,
    limit: int = 100,
    renamed: Mapping[str, str] | None = None,
) -> Decorator:
    """Return a decorator that adds these filters, and --limit, and passes them to the command as `wanted`.

    `choices` are the values that a filter takes, `renamed` gives a filter another option.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def collect(**given: Any) -> None:
            picked = {name: given.pop(f"filter_{name}") for name in (*names, "limit")}
            function(wanted=_build_filter(picked), **given)

        command: Callable[..., None] = click.option(
            "--limit", "filter_limit", default=limit, show_default=True, type=LIMIT, help="At most so many rows."
        )(collect)
        for name in reversed(names):
            command = _declare_option(name, (choices or {}).get(name), (renamed or {}).get(name))(command)
        return command

    return decorate


def describe_filters(fields: Sequence[str]) -> str:
    """Return how the running command was given these fields: `--state failed --since 3d`."""
    context, typed = click.get_current_context(), []
    for parameter in context.command.params:
        if (parameter.name or "").removeprefix("filter_") in fields:
            value = context.params.get(parameter.name or "")
            typed.append(parameter.opts[0] if value is True else f"{parameter.opts[0]} {value}")
    return " ".join(typed)


def _declare_option(name: str, choices: Sequence[str] | None, renamed: str | None) -> Decorator:
    if name in FLAGS:
        option, meaning = FLAGS[name]
        return click.option(renamed or option, f"filter_{name}", is_flag=True, help=meaning)
    if name == "since":
        return when_option("--since", "filter_since", meaning="Only what came since then.")
    if name == "due_before":
        meaning = "Only requests that are due within this time or by then, or late already."
        return when_option("--due-in", "filter_due_before", ahead=True, meaning=meaning)
    option, meaning = TEXTS[name]
    kind = click.Choice([str(each) for each in choices]) if choices else FILTER_WORD
    return click.option(renamed or option, f"filter_{name}", type=kind, help=meaning)


def _build_filter(picked: Mapping[str, Any]) -> RowFilter:
    """Return the filter. Raises BadParameter."""
    values = {name: value for name, value in picked.items() if value not in ("", None)}
    for name in ("since", "due_before"):
        if when := values.get(name):
            values[name] = when.resolve(UTC if when.moment.tzinfo else _read_merchant_zone())
    return RowFilter(**values)


def _read_merchant_zone() -> tzinfo:
    return ZoneInfo(read_configuration().merchant.clocks.timezone)
