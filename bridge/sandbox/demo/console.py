"""Print the demo in a terminal: chapters and the facts that were checked. It computes nothing about the demo's data."""

from __future__ import annotations

import sys

from bridge.sandbox.demo.demo_env import DemoFailed

BOLD, DIM, GREEN, OFF = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if sys.stdout.isatty() else ("",) * 4


def say(text: str = "") -> None:
    """Print one line."""
    print(text, flush=True)


def chapter(number: int, title: str) -> None:
    """Print a chapter's heading."""
    say(f"\n{BOLD}{number}. {title}{OFF}")


def fact(text: str) -> None:
    """Print one result of the run, marked as checked."""
    say(f"   {GREEN}✓{OFF} {text}")


def must(condition: object, text: str) -> None:
    """Print the fact if the condition is true. Raises DemoFailed otherwise."""
    if not condition:
        raise DemoFailed(f"This is not true: {text}")
    fact(text)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 parcel`, `2 parcels`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def join_words(words: list[str]) -> str:
    """Return the words as an enumeration: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
