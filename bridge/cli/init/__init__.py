"""`init`: ask what the bridge must know, and write its files, so that it can start."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error
from bridge.cli.files.input_files import INPUT_FILE
from bridge.cli.files.output_files import OUTPUT_FILE, STDOUT, save_output
from bridge.cli.init.answers import ask_questions, parse_answers, print_questions, read_answers
from bridge.cli.init.files import (
    KEY_SETTINGS,
    build_merchant_file,
    build_retention_file,
    build_settings,
    make_keys,
    pack_toml,
)
from bridge.cli.init.questions import get_today
from bridge.cli.printing import show
from bridge.cli.shopify_app import EXAMPLE_URL, build_app_toml
from bridge.errors import SettingsInvalid
from config.env_file import format_env_lines, read_env_file
from config.load import read_configuration
from config.settings import ENV_FILE, ROOT

KINDS = ("here", "server", "host", "heroku")
PRINTED_KINDS = ("host", "heroku")
KEYS_MADE = (
    "The keys are for a new installation: set them once, never over others, and keep BRIDGE_KEYS, BRIDGE_PSEUDONYM_KEY "
    "and BRIDGE_EVIDENCE_KEY in a safe."
)
KEYS_KEPT = "No keys are printed: the files were written before, so the host has its keys. For a new installation use another --folder."
FOLDER_TYPE = click.Path(file_okay=False, path_type=Path)


@json_command(
    example="init\ninit --questions --for server > answers.toml\ninit --for server --answers answers.toml --defaults"
)
@click.option(
    "--for", "kind", type=click.Choice(KINDS), default="here", help="Where the bridge will run. [default: here]"
)
@click.option(
    "--answers", "source", type=INPUT_FILE, help="TOML file with answers, or - for stdin; --questions prints one."
)
@click.option("--set", "flags", multiple=True, metavar="NAME=ANSWER", help="Answer one question. May be repeated.")
@click.option("--defaults", is_flag=True, help="Ask nothing: take the default of what has no answer.")
@click.option("--questions", is_flag=True, help="Print the questions as a file for --answers, and end.")
@click.option("--folder", type=FOLDER_TYPE, default=ROOT / "var" / "merchant", help="[default: var/merchant]")
@click.option(
    "--env-file", type=OUTPUT_FILE, default=ENV_FILE, help="File for the settings, or - for stdout. [default: .env]"
)
@click.option("--force", is_flag=True, help="Overwrite the merchant's files. Keys are never overwritten.")
def init(
    *,
    kind: str,
    source: Path | None,
    flags: tuple[str, ...],
    defaults: bool,
    questions: bool,
    folder: Path,
    env_file: Path,
    force: bool,
) -> None:
    """Ask what the bridge must know, and write the merchant's files, keys, settings and `shopify.app.toml`.

    For `here` (development) and `server` (production) the settings go to .env. For `host` they are printed, a line each, for
    `heroku` as one command: such hosts have no disk, so the settings hold the merchant's files too.
    A script gives --answers or --set with --defaults; what they leave out takes its default.
    """
    if questions:
        print_questions(kind)
        return
    given = read_answers(source, flags)
    if sys.stdin.isatty() and not defaults:
        given = ask_questions(given, kind)
    elif not (defaults or given):
        raise click.UsageError("nobody can be asked here: give --answers FILE, --set NAME=ANSWER or --defaults")
    answers = parse_answers(given, kind)
    today = get_today()
    texts = {
        "merchant.toml": build_merchant_file(answers, today),
        "retention.toml": build_retention_file(answers, today),
        "shopify.app.toml": build_app_toml(
            str(answers.get("public_url", EXAMPLE_URL)), str(answers.get("shopify_client_id", ""))
        ),
    }
    is_new = not _write_files(folder, texts, force=force)
    written = [str(folder / name) for name in texts]
    settings = build_settings(answers)
    if kind in PRINTED_KINDS:
        # of an installation that was set up before the host has keys, and others would lock it out of what it has stored
        settings |= {"BRIDGE_ENV": "production", **(make_keys() if is_new else {})}
        settings |= {"REDIS_TLS": "no-verify"} if kind == "heroku" else {}
        settings |= {
            "BRIDGE_MERCHANT_TOML": pack_toml(texts["merchant.toml"]),
            "BRIDGE_RETENTION_TOML": pack_toml(texts["retention.toml"]),
        }
        lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
        shown = " \\\n   ".join(["heroku config:set", *lines]) if kind == "heroku" else "\n".join(lines)
        show({"files": written, "settings": settings}, shown)
        _print_line(KEYS_MADE if is_new else KEYS_KEPT)
        _print_open_values(settings, kind)
        return
    settings |= {
        f"BRIDGE_{name.upper()}_FILE": str((folder / f"{name}.toml").resolve()) for name in ("merchant", "retention")
    }
    if kind == "server":
        settings |= {"BRIDGE_ENV": "production", **make_keys()}
    _write_env_file(env_file, settings)
    _print_open_values(settings, kind)
    show({"files": written, "env_file": str(env_file)}, "Next: bin/bridge migrate && bin/bridge doctor")


def _write_files(folder: Path, texts: Mapping[str, str], *, force: bool) -> bool:
    """Write the files; return whether some stood there before. Raises UsageError where they do and nothing forces it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    standing = [name for name in texts if (folder / name).exists()]
    if standing and not force:
        raise click.UsageError(f"{folder} has {', '.join(standing)} already; --force overwrites what was edited there")
    for name, text in texts.items():
        save_output(folder / name, text.encode(), force=force)
        _print_line(f"Wrote {folder / name}")
    return bool(standing)


def _write_env_file(path: Path, settings: Mapping[str, str]) -> None:
    """Write the settings; what the file has and they do not stays, and so does every key: losing one loses data."""
    if path == STDOUT:
        click.echo(format_env_lines(settings), nl=False)
        return
    old = read_env_file(path)
    kept = {name: value for name, value in old.items() if value and (name in KEY_SETTINGS or name not in settings)}
    save_output(path, format_env_lines({**settings, **kept}).encode(), force=True)
    _print_line(
        f"Wrote {path} (only you may read it{'; its keys were kept' if kept.keys() & set(KEY_SETTINGS) else ''})"
    )


def _print_open_values(settings: Mapping[str, str], kind: str) -> None:
    """Print what production still lacks in the files; exit with 1 where they are for production."""
    try:
        missing: Sequence[str] = read_configuration(settings).missing
    except SettingsInvalid as invalid:
        missing = invalid.faults
    missing = [each for each in missing if ": " in each]  # the others are variables: the host sets them
    for fault in missing:
        _print_line(f"   still open: {fault}")
    if missing and kind != "here":
        exit_with_error(
            "Production will not start before these are filled in: edit the files, or run init --force again."
        )


def _print_line(line: str) -> None:
    click.echo(line, err=True)
