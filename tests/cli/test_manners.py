"""Every command has the same manners. Each check walks the whole tree, so that a new command is held to them too."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import click
import pytest

from bridge import errors
from bridge.cli import commands
from bridge.cli.command import BridgeCommand, JsonCommand
from bridge.cli.context import exit_with_error
from bridge.cli.review.review_view import REVIEW_KINDS
from bridge.cli.shared.command_group import OTHER_COMMANDS, CommandGroup
from bridge.cli.shared.dates import FORMS_HELP, WhenParam
from bridge.cli.shared.failures import run_and_exit
from bridge.cli.shared.ids import ID_KINDS, IdParam
from tests.cli.start.command_tree import open_context, walk_leaves
from tests.e2e import processes
from tests.house.tree import ROOT, modules, name, tree

MAX_WIDTH = 80
LEAVES = dict(walk_leaves())
WITHOUT_DOCUMENT = {"demo", "serve", "sandbox"}  # they run programs until these end
# what destroys, lets be destroyed, goes out of the house, or ends for good
IRREVERSIBLE = {
    "disclosure remove",
    "disclosure secrecy",
    "dsr approve",
    "dsr answer",
    "dsr cancel",
    "dsr close",
    "dsr continue",
    "dsr extend",
    "dsr open",
    "dsr refuse",
    "dsr release",
    "dsr waive",
    "dsr withdraw",
    "hold accept",
    "hold release",
    "hold sweep",
    "inbox dismiss",
    "letter dismiss",
    "incident notify",
    "incident report",
    "nomination end",
    "notice cancel-parcel",
    "notice release",
    "notice reopen",
    "refund erase",
    "refund settle",
    "restore-check",
    "review close",
    "send",
    "shop identify",
    "token forget",
    "user disable",
    "vault attest",
    "vault export",
    "vault waive",
}
DESTRUCTIVE_WORDS = re.compile(r"\b(destroy|erase|cancel|dismiss|forget|waived?|overwrite)\b", re.IGNORECASE)
# their help has such a word, and yet they only show, prove, pause or repeat
HARMLESS = {
    "demo",
    "doctor",
    "dsr evidence",
    "dsr outcome",
    "dsr plan",
    "hold changes",
    "hold list",
    "keys overwrite",  # of what is destroyed already; it may be repeated
    "law release",
    "mail dismiss",  # the mail itself stays
    "mail show",
    "dsr deliver",  # says what happened
    "dsr package",
    "dsr hold",
    "vault list",
    "vault file",
}
# other helpers of the same day restyle these folders' own words
STRFTIME = re.compile(r"strftime|:%[dYH]")

leaf = pytest.mark.parametrize("words", sorted(LEAVES))


def list_groups(group=commands, path=""):
    yield path.strip(), group
    for name_, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from list_groups(command, f"{path} {name_}")


GROUPS = dict(list_groups())


def list_options(words):
    return [each for each in LEAVES[words].params if isinstance(each, click.Option)]


def take_words(line):
    """Return what the parser gets of a typed line: neither what the shell redirects, nor the names of the command."""
    return shlex.split(re.split(r"\s[<>|]\s", line, maxsplit=1)[0])


# --- Help ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", sorted([*LEAVES, *GROUPS]))
def test_help_is_whole_and_fits_eighty_columns(words):
    context = open_context(words)
    text = context.command.get_help(context)
    assert "…" not in text
    assert "..." not in text.replace("[ARGS]...", "").replace("[ID]...", "")
    assert [line for line in text.splitlines() if len(line) > MAX_WIDTH] == []


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: group.name)
def test_a_group_lists_the_summaries_that_its_commands_have(group):
    assert isinstance(group, CommandGroup)
    for name_, command in group.commands.items():
        own = " ".join(command.help.partition("\n\n")[0].split()).partition(". ")[0].removesuffix(".")
        assert group.summaries[name_] == own, name_
        assert own, name_


def test_the_root_help_says_who_needs_what():
    text = processes.say({}, "--help").out
    headings = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert headings == ["Options", "Requests", "Privacy officer", "Operations", "Keys", "Development"]
    assert OTHER_COMMANDS not in headings, "a new command needs a section in bridge/cli/__init__.py"


@leaf
def test_a_command_has_an_example_that_can_be_typed(words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "order.json").write_text("{}")
    command = LEAVES[words]
    assert isinstance(command, BridgeCommand)
    assert command.examples
    for line in command.examples:
        typed = take_words(line)
        own = words.split()
        assert typed[: len(own)] == own, line
        command.make_context(own[-1], typed[len(own) :], parent=open_context(words).parent)
    shown = command.get_help(open_context(words))
    assert "Examples:" in shown
    joined = re.sub(r" \\\n\s+", " ", shown)
    assert all(f"bridge {line}" in joined for line in command.examples)


@leaf
def test_every_option_is_explained(words):
    bare = [each.opts for each in list_options(words) if not (each.help or "").strip()]
    assert bare == []


# --- Values -------------------------------------------------------------------------------------------


@leaf
def test_dates_are_of_one_type(words):
    for option in list_options(words):
        assert not isinstance(option.type, click.DateTime), option.opts
        if isinstance(option.type, WhenParam):
            assert (option.metavar, FORMS_HELP in option.help) == ("WHEN", True), option.opts
    names = {word for option in list_options(words) for word in option.opts if not isinstance(option.type, WhenParam)}
    dated = {
        each for each in names if re.search(r"-(since|until|on|at|of|received|issued)$|--(since|until|on|as-of)$", each)
    }
    assert dated == set()


@pytest.mark.parametrize(
    ("words", "option"),
    [(words, option) for words in LEAVES for option in list_options(words) if isinstance(option.type, WhenParam)],
    ids=lambda value: value if isinstance(value, str) else value.opts[0],
)
@pytest.mark.parametrize(
    "text", ["yesterday", "", "2026-13-01", "3w", "²d", "99999999d", "10000-01-01", "2026-11-30T25:00"]
)
def test_a_wrong_date_names_the_option(words, option, text):
    context = open_context(words)
    with pytest.raises(click.BadParameter) as fault:
        option.type.convert(text, option, context)
    assert option.opts[0] in fault.value.format_message()
    assert "2026-11-30" in fault.value.format_message()


@leaf
def test_ids_are_of_one_type_and_one_of_another_kind_says_where_it_belongs(words):
    """An argument called ID is checked; so `dsr show dlv_…` says `Did you mean`."""
    for parameter in LEAVES[words].params:
        if not isinstance(parameter, click.Argument) or not (parameter.metavar or "").strip("[].").endswith(
            ("ID", "ITEM")
        ):
            continue
        assert isinstance(parameter.type, IdParam), words
        for prefix, kind in ID_KINDS.items():
            if prefix in parameter.type.prefixes:
                continue
            with pytest.raises(click.BadParameter) as fault:
                parameter.type.convert(f"{prefix}_01M84N6EY20CZ9W2PB73FKRKAY", parameter, None)
            assert f"is the id of a {kind.noun}" in fault.value.message
            assert ("Did you mean `bridge " in fault.value.message) == bool(kind.show)


def test_nothing_else_says_that_there_is_none():
    """Not found has one sentence, in `shared/ids.py`."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules("bridge")
        if "/cli/" in name(path) and "/shared/" not in name(path)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.match(
            r"there is no (such )?(request|delivery|notice|item|review|refund|legal hold|document)\b",
            node.value,
            re.IGNORECASE,
        )
    ]
    assert found == []


def test_the_kinds_of_reviews_are_those_that_are_opened():
    opened = set()
    for path in (each for each in modules("bridge") if ".open_review(" in each.read_text(encoding="utf-8")):
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "open_review" and len(call.args) > 1:
                opened.add(resolve_constant(path, call.args[1]))
    assert opened == set(REVIEW_KINDS)


def resolve_constant(path: Path, node: ast.expr) -> str:
    """Return the value of a constant, whichever module of the product defines it."""
    if isinstance(node, ast.Constant):
        return node.value
    wanted = node.attr if isinstance(node, ast.Attribute) else node.id
    values = {
        target.value.value
        for each in modules("bridge")
        for target in tree(each).body
        if isinstance(target, ast.Assign) and isinstance(target.value, ast.Constant)
        if any(isinstance(one, ast.Name) and one.id == wanted for one in target.targets)
    }
    assert len(values) == 1, (path, wanted)
    return values.pop()


# --- What cannot be undone ----------------------------------------------------------------------------


@leaf
def test_what_cannot_be_undone_asks(words, monkeypatch):
    command = LEAVES[words]
    given = {word for each in command.params for word in each.opts}
    assert bool(command.irreversible) == (words in IRREVERSIBLE)
    assert ("--yes" in given) == (words in IRREVERSIBLE)
    if words in IRREVERSIBLE:
        assert "--dry-run" in given
    elif DESTRUCTIVE_WORDS.search(command.help.partition("\n\n")[0]):
        assert words in HARMLESS, "does it destroy? then it asks"


@pytest.mark.parametrize("words", sorted(IRREVERSIBLE - {"send", "dsr open", "review close"}))
def test_without_a_terminal_only_yes_does_it(words):
    """Neither the database nor the configuration is looked at before somebody said yes."""
    command = LEAVES[words]
    example = take_words(command.examples[0])[len(words.split()) :]
    typed = [word for word in example if word not in {"--yes", "--dry-run"}]
    refused = processes.say({"DATABASE_URL": "sqlite:////nonexistent/x.db"}, *words.split(), *typed)
    assert refused.code == 2
    assert "Give --yes to do it, or --dry-run to see it first." in refused.err


# --- Output -------------------------------------------------------------------------------------------


@leaf
def test_a_command_that_prints_takes_json(words):
    assert isinstance(LEAVES[words], JsonCommand) == (words not in WITHOUT_DOCUMENT)


@leaf
def test_wrong_usage_is_one_json_object_where_json_is_wanted(words):
    if words in WITHOUT_DOCUMENT:
        return
    wrong = processes.say({}, *words.split(), "--no-such-option", "--json")
    assert (wrong.code, wrong.out) == (2, "")
    shown = json.loads(wrong.err)
    assert set(shown) == {"error", "hint"}
    assert "--no-such-option" in shown["error"]
    assert shown["hint"] == f"`bridge {words} --help` explains it."


def iterate_faults():
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.BridgeError)]
    for kind in kinds:
        for arguments in ((), ("a word",), (["one", "two"],), (7,), (7, "why")):
            try:
                yield kind(*arguments)
            except TypeError:
                continue


def fail_with(fault, *, as_json, capsys):
    def program():
        raise fault

    with pytest.raises(SystemExit) as end:
        run_and_exit(program, as_json=as_json)
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_names_no_class(as_json, capsys):
    faults = list(iterate_faults())
    assert len(faults) > 20
    for fault in faults:
        code, err = fail_with(fault, as_json=as_json, capsys=capsys)
        assert code in (1, 2)
        assert type(fault).__name__ not in err
        shown = json.loads(err)["error"] if as_json else err
        assert re.search(r"\w", shown.removeprefix("Error: "))


def test_a_check_that_fails_says_so_in_json_too(capsys):
    with pytest.raises(SystemExit) as end:
        run_and_exit(lambda: (_ for _ in ()).throw(SystemExit(1)), as_json=True)
    assert end.value.code == 1
    assert json.loads(capsys.readouterr().err)["error"]


def test_a_refusal_has_its_hint_apart(capsys):
    def refuse():
        exit_with_error("There is no wheel.", "`bridge wheel list` lists them.")

    for as_json in (True, False):
        with pytest.raises(SystemExit):
            run_and_exit(refuse, as_json=as_json)
        err = capsys.readouterr().err
        if as_json:
            assert json.loads(err) == {"error": "There is no wheel.", "hint": "`bridge wheel list` lists them."}
        else:
            assert err == "There is no wheel. `bridge wheel list` lists them.\n"


def test_times_and_flags_are_formatted_in_one_place():
    """No command formats a time by itself; `doctor` says days in its sentences."""
    found = [
        f"{name(path)}:{number}"
        for path in modules("bridge")
        if "/cli/" in name(path) and "/shared/" not in name(path) and "/doctor/" not in name(path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if STRFTIME.search(line) and name(path) != "bridge/cli/law/due.py"  # it shows the merchant's zone beside UTC
    ]
    assert found == []


def test_no_words_of_a_command_name_the_module():
    """People type `bridge …`, whatever starts it."""
    found = [
        name(path)
        for path in modules("bridge")
        if "/cli/" in name(path)
        and "/doctor/" not in name(path)
        and "python -m bridge" in path.read_text(encoding="utf-8")
    ]
    assert found == []
    assert (ROOT / "bin" / "bridge").stat().st_mode & 0o111
