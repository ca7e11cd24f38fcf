"""How the demo speaks to a person in a terminal: chapters, and facts that held."""

from __future__ import annotations

import sys

from bridge.sandbox.demo.demo_env import DemoFailed

BOLD, DIM, GREEN, OFF = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if sys.stdout.isatty() else ("",) * 4


def say(text: str = "") -> None:
    """One line of the story."""
    print(text, flush=True)


def chapter(number: int, title: str) -> None:
    """A heading."""
    say(f"\n{BOLD}{number}. {title}{OFF}")


def fact(text: str) -> None:
    """Something that came out as it must."""
    say(f"   {GREEN}✓{OFF} {text}")


def must(condition: object, text: str) -> None:
    """Tell what holds. Raises Failed where it does not."""
    if not condition:
        raise DemoFailed(f"this should hold and does not: {text}")
    fact(text)
