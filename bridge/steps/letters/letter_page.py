"""The page of a letter: its blocks in order, from which each form is made, so that all forms say the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.model import Language
from bridge.steps.letters.letter_texts import fill_text

_CONDITION = re.compile(r"\[([a-z ]+)\]\s*")


class BlockKind(StrEnum):
    """How a block is set."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    COPY = "copy"
    LINK = "link"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class LetterBlock:
    """One block of a page; a line break in its text is one."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterPage:
    """A letter before it has a form. `sender` stands above its title."""

    language: Language
    sender: str
    title: str
    blocks: tuple[LetterBlock, ...]


_SIGNS = {"# ": BlockKind.HEADING, "- ": BlockKind.ITEM, "> ": BlockKind.COPY}


def read_blocks(
    body: str, values: Mapping[str, str], lists: Mapping[str, Collection[str]], conditions: Collection[str]
) -> Iterator[LetterBlock]:
    """Yield the blocks of a text whose conditions hold, filled in. Raises TextMissing.

    `lists` are values that make an item each, where a text has an item `- {name}`.
    """
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        condition = _CONDITION.match(paragraph)
        if condition and not _holds(condition[1], conditions):
            continue
        text = paragraph[condition.end() :] if condition else paragraph
        kind = _SIGNS.get(text[:2], BlockKind.PARAGRAPH)
        text = text if kind is BlockKind.PARAGRAPH else text[2:]
        name = text.strip().removeprefix("{").removesuffix("}")
        if kind is BlockKind.ITEM and name in lists:
            yield from (LetterBlock(kind, each) for each in lists[name])
            continue
        if name == "link":
            kind = BlockKind.LINK
        yield LetterBlock(kind, fill_text(" ".join(text.split()), values))


def _holds(condition: str, conditions: Collection[str]) -> bool:
    name = condition.removeprefix("no ")
    return (name in conditions) is (name == condition)
