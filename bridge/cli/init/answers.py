"""Collect the answers of `init`: from flags, from a file, or from a person at a terminal."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from bridge.cli.files.input_files import read_input_text
from bridge.cli.init.questions import QUESTIONS, Question
from config.env_parsers import ParseFault
from config.toml_editor import format_value


def read_answers(path: Path | None, flags: Sequence[str]) -> dict[str, str]:
    """Return the answers of a file, and of `NAME=ANSWER` flags, which win. Raises UsageError."""
    answers = _read_answers_file(path) if path else {}
    for flag in flags:
        name, separator, answer = flag.partition("=")
        if not separator:
            raise click.UsageError("--set takes NAME=ANSWER")
        answers[name] = answer
    if unknown := sorted(answers.keys() - {each.name for each in QUESTIONS}):
        raise click.UsageError(f"no question is called {', '.join(unknown)}; --questions lists them")
    return answers


def list_questions(kind: str) -> list[Question]:
    """Return the questions for a kind of installation."""
    return [each for each in QUESTIONS if each.only_for in ("", kind)]


def parse_answers(answers: Mapping[str, str], kind: str) -> dict[str, Any]:
    """Return the parsed answers, with the default where there is none; empty ones are left out.

    Raises UsageError naming every answer that is not as it must be, and no answer.
    """
    parsed: dict[str, Any] = {}
    faults = []
    for question in list_questions(kind):
        answer = (answers.get(question.name) or question.default).strip()
        try:
            if answer:
                parsed[question.name] = question.parse(answer)
        except ParseFault as fault:
            faults.append(f"{question.name} {fault}")
    if faults:
        raise click.UsageError("; ".join(faults))
    return parsed


def ask_questions(answers: Mapping[str, str], kind: str) -> dict[str, str]:
    """Ask a person at the terminal every question that has no answer yet, again until the answer can be read."""
    click.echo("Enter takes the default in brackets, or leaves the value unset: you can run this again.\n", err=True)
    given = dict(answers)
    questions = [each for each in list_questions(kind) if each.name not in given]
    for number, question in enumerate(questions, start=1):
        click.echo(f"{number} of {len(questions)}. {question.text}\n   Why: {question.reason}.", err=True)
        given[question.name] = click.prompt(
            "  ",
            default=question.default,
            show_default=bool(question.default),
            hide_input=question.is_secret,
            value_proc=partial(_check_answer, question),
            err=True,
        )
    return given


def print_questions(kind: str) -> None:
    """Print a file for `--answers` with every question, its reason and its default."""
    for question in list_questions(kind):
        click.echo(f"# {question.text}. {question.reason[0].upper()}{question.reason[1:]}.")
        click.echo(f"{question.name} = {format_value(question.default)}\n")


def _check_answer(question: Question, answer: str) -> str:
    try:
        if answer.strip():
            question.parse(answer.strip())
    except ParseFault as fault:
        raise click.BadParameter(str(fault)) from None
    return answer


def _read_answers_file(path: Path) -> dict[str, str]:
    try:
        answers = tomllib.loads(read_input_text(path))
    except tomllib.TOMLDecodeError:
        raise click.UsageError(f"{path} is not a TOML file that can be read") from None
    if wrong := sorted(name for name, answer in answers.items() if not isinstance(answer, str | int)):
        raise click.UsageError(f"{path}: {', '.join(wrong)} must be a text or a whole number")
    return {name: str(answer) for name, answer in answers.items()}
