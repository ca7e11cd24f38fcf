"""No command takes a free text that names a person or says nothing."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from bridge.cli import commands
from bridge.cli.options import FreeText, Reference

# texts that are no free text: ids, codes, days, sums, and what is looked up or parsed before anything is recorded
IDENTIFIERS = frozenset(
    """
    request_id hold_id delivery_id ids notice_id item_id account_id review_id document_id refund_id webhook_id
    shop domain number customer_id emails phones orders order_id confirm processor
    month received_at after opened_at issued event_texts item_answers amount currency purpose reference decision
    topic category categories kind role url flags client_id plan_digest values
    """.split()  # noqa: SIM905 - a list of words reads as words
)


def walk_commands(command, path=()):
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk_commands(child, (*path, name))
    else:
        yield path, command


def list_checked(kind):
    return [
        (path, parameter.opts[0])
        for path, command in walk_commands(commands)
        for parameter in command.params
        if isinstance(parameter.type, kind)
    ]


PERSONAL = [
    "told asha@example.com",
    "told Asha <asha @ example.in>",
    "asha (at) example.com",
    "asha at example dot com",
    "asha\uff20example.com",
    "as\u200bha@example.com",
    "called 9845012345",
    "called +91 98450 12345",
    "call on 098450-12345 please",
    "+44 20 7946 0958",
    "\u0967\u0968 \u096f\u096e\u096a\u096b\u0966\u0967\u0968\u0969\u096a\u096b",
    "mobile: 2345678",
    "PAN ABCPE1234F",
    "pan abcpe1234f",
    "Aadhaar 2345 6789 0124",
    "IFSC HDFC0001234",
    "paid to asha@okaxis",
    "card 4111 1111 1111 1111",
]
EMPTY = ["", " ", "\t\n", "x", " y ", "--", "...", "\u200b\u200b", "aaaa", "..a.."]
HARMLESS = [
    "letter of 12 Nov",
    "e-mail of 2026-11-12, 10:30",
    "ticket 4711",
    "section 36(3), rule 56",
    "they asked us",
    "the court meets on 12.11.2026",
    "files 12345, 67890",
]


def refuse(path, option, text):
    result = CliRunner().invoke(commands, [*path, option, text])
    assert result.exit_code == 2, (path, result.output)
    assert f"Invalid value for '{option}'" in result.output, result.output
    return result.output


def test_every_text_is_checked_or_known_to_be_an_identifier():
    unchecked = {
        (" ".join(path), parameter.name)
        for path, command in walk_commands(commands)
        for parameter in command.params
        if parameter.type is click.STRING and parameter.name not in IDENTIFIERS
    }
    assert not unchecked
    free = {option for _, option in list_checked(FreeText)}
    assert free == {"--reason", "--note", "--reference", "--by"}
    assert all(
        isinstance(parameter.type, FreeText | click.Choice)
        for _, command in walk_commands(commands)
        for parameter in command.params
        if parameter.name in ("reason", "note")
    )


@pytest.mark.parametrize(("path", "option"), list_checked(FreeText), ids=str)
def test_personal_and_empty_texts_are_refused_in_every_command(path, option):
    """Requirement V-04."""
    for text in PERSONAL:
        output = refuse(path, option, text)
        assert text not in output, "the text is not repeated"
        assert "Write what happened" in output
    for text in EMPTY:
        assert "says too little" in refuse(path, option, text)


@pytest.mark.parametrize(("path", "option"), list_checked(Reference), ids=str)
def test_references_hold_no_person(path, option):
    for text in ("9845012345", "tel:+919845012345", "919845012345", "ABCPE1234F", "HDFC0001234", "asha@okaxis", " "):
        refuse(path, option, text)


@pytest.mark.parametrize("text", HARMLESS)
def test_usual_reasons_are_taken(text):
    assert FreeText().convert(text, None, None) == text


@pytest.mark.parametrize("text", ["CPR-2026-118", "DLV-1234567890", "HC/WP/123/2026", "INC0012345"])
def test_usual_references_are_taken(text):
    assert Reference().convert(text, None, None) == text


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--customer-id", "70011", "letter of customer 70011"),
        ("--order", "820982", "about order 820982"),
        ("--email", "asha.rao@example.com", "a letter of Asha.Rao came"),
    ],
)
def test_a_reason_does_not_repeat_what_the_command_names(option, value, reason):
    result = CliRunner().invoke(commands, ["dsr", "open", "access", option, value, "--reason", reason])
    assert (result.exit_code, "repeats an identifier" in result.output) == (2, True), result.output


@pytest.mark.parametrize("path", [("inbox", "show"), ("notice", "show"), ("review", "show")])
def test_reveal_needs_a_reason_that_says_something(path):
    for words in ((), ("--reason", " "), ("--reason", "x")):
        assert CliRunner().invoke(commands, [*path, "some-id", "--reveal", *words]).exit_code == 2


@pytest.mark.parametrize("given", ['{"email": ["asha@example.com"]}', "email: asha@example.com"])
def test_identifiers_from_stdin_are_refused_in_the_reason_and_in_no_message(given):
    words = ["dsr", "open", "access", "--identifiers", "-", "--reason", "asha wrote a letter"]
    result = CliRunner().invoke(commands, words, input=given)
    assert (result.exit_code, "repeats an identifier" in result.output) == (2, True)
    unreadable = CliRunner().invoke(commands, [*words[:-1], "a letter"], input=given.replace("email", "mail"))
    assert unreadable.exit_code == 2
    assert "asha" not in unreadable.output
