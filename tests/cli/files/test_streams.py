"""What a command writes can leave a one-off machine by stdout, and what it reads can come by stdin."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import pty
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from bridge.cli.files.input_files import InputFile, read_input_text, read_whole_input
from bridge.cli.files.output_files import Output, OutputFile, open_output, save_output
from tests.cli.start.command_tree import walk_leaves

ROOT = Path(__file__).parents[3]
WHY = ("--reason", "answer to the request")
# words that parameters for files are called by
FILE_WORDS = {"out", "file", "csv", "map", "heads", "mail", "identifiers", "target", "source"}


def give_stdin(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))


def bash(environ, words, **more):
    """Run a command line of a shell with `bridge` as a program of it."""
    script = f'bridge() {{ "{sys.executable}" -m bridge "$@"; }}; {words}'
    return subprocess.run(["bash", "-c", script], env=environ, cwd=ROOT, capture_output=True, check=False, **more)


def test_a_package_leaves_by_stdout_as_the_bytes_that_the_fact_names(named, tmp_path):
    request = named.request("access")
    result = named.say("dsr", "package", request["id"], *WHY, "--out", "-", "--json")
    assert result.code == 0
    with zipfile.ZipFile(io.BytesIO(result.raw)) as bag:
        assert bag.testzip() is None
    printed, digest = json.loads(result.err), hashlib.sha256(result.raw).hexdigest()
    assert (printed["sha256"], printed["file"]) == (digest, "-")
    with named.services.store.read() as tx:
        released = [
            each for each in tx.evidence.list_facts_of_request(request["id"]) if each.fact == "package.released"
        ]
    assert released[-1].detail["sha256"] == digest
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["zip", "json"])
def test_evidence_leaves_by_stdout(office, form):
    result = office.say("dsr", "evidence", office.request("erasure")["id"], "--out", "-", "--format", form)
    assert result.code == 0
    if form == "json":
        assert json.loads(result.raw)["schema"] == "request-evidence/1"
    else:
        assert zipfile.ZipFile(io.BytesIO(result.raw)).testzip() is None
    assert "Wrote -" in result.err


def test_the_chain_leaves_by_stdout_and_the_register_too(office):
    result = office.say("evidence", "export", "--out", "-")
    rows = [json.loads(line) for line in result.raw.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["fact"] == "evidence.exported"
    register = office.say("evidence", "register", "--csv", "-")
    assert register.out.startswith("section,key,figure,value")
    assert not (ROOT / "-").exists()


def test_a_pipe_that_nobody_reads_ends_the_command_quietly(office):
    for words in ("evidence export --out -", "dsr list --json", "evidence register --csv -"):
        done = bash(dict(office.environ), f"bridge {words} | true; exit ${{PIPESTATUS[0]}}")
        assert b"Traceback" not in done.stderr
        assert b"Broken" not in done.stderr


def test_a_full_disk_is_said_in_words(office):
    request = office.request("erasure")["id"]
    done = bash(dict(office.environ), f"bridge dsr evidence {request} --out - > /dev/full")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "Error: stdout cannot be written: No space left on device"


def test_bytes_are_not_sent_to_a_terminal_and_then_nothing_is_recorded(office, monkeypatch):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal, os.fdopen(leader, "rb"):
        monkeypatch.setattr(sys, "stdout", terminal)
        with pytest.raises(click.UsageError, match="terminal"):
            save_output(Path("-"), b"PK\x03\x04\xff", force=False)
        save_output(Path("-"), b"text", force=False)
        with pytest.raises(click.UsageError, match="terminal"), open_output(Path("-"), force=False, is_text=False):
            pass


def test_what_is_read_may_come_by_stdin(monkeypatch, tmp_path):
    give_stdin(monkeypatch, b"\xef\xbb\xbfname,value")
    assert read_input_text(Path("-")) == "name,value"
    give_stdin(monkeypatch, b"12345")
    with pytest.raises(click.UsageError, match="stdin is larger than 4 bytes"):
        read_whole_input(Path("-"), max_bytes=4)
    give_stdin(monkeypatch, b"\xff\xfe")
    with pytest.raises(click.UsageError, match="stdin is no text"):
        read_input_text(Path("-"))
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(click.UsageError, match="cannot be read"):
            read_whole_input(path)


def test_heads_and_bodies_come_by_stdin(office, monkeypatch):
    give_stdin(monkeypatch, office.say("evidence", "sign-head", "--json").raw)
    assert office.say("evidence", "verify", "--heads", "-", "--json").json["heads_given"] == 1
    give_stdin(monkeypatch, b"no bounce")
    result = office.say("notice", "bounce", "-")
    assert (result.code, result.err) == (1, "stdin does not report a failed letter.\n")
    retention = (ROOT / "config" / "retention.toml").read_bytes()
    shown = bash(dict(office.environ), "bridge law show --file - --json", input=retention)
    assert shown.returncode == 0
    assert json.loads(shown.stdout)


def list_file_parameters():
    return [
        (words, parameter)
        for words, command in walk_leaves()
        for parameter in command.params
        if isinstance(parameter.type, InputFile | OutputFile | click.Path | click.File)
        or {name.lstrip("-") for name in (*parameter.opts, parameter.name or "")} & FILE_WORDS
    ]


def test_every_parameter_that_names_a_file_goes_through_the_one_reader_or_writer():
    found = list_file_parameters()
    assert len(found) >= 17
    for command, parameter in found:
        is_folder = isinstance(parameter.type, click.Path) and not parameter.type.file_okay
        assert is_folder or isinstance(parameter.type, InputFile | OutputFile), (command, parameter.name)


def test_every_parameter_for_a_file_says_in_its_help_that_a_dash_is_a_stream():
    for command, parameter in list_file_parameters():
        if isinstance(parameter, click.Option) and isinstance(parameter.type, InputFile | OutputFile):
            assert re.search(r"- for (the text on )?std(in|out)", parameter.help or ""), (command, parameter.name)


def test_an_output_counts_and_digests_what_it_passes_on():
    passed = []
    out = Output(passed.append)
    out.write(b"ab")
    out.write(b"c")
    assert (out.size_bytes, out.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert passed == [b"ab", b"c"]


OWN_FILES = {
    "summaries.py",
    "http_post.py",
    "output_files.py",
    "input_files.py",
    "file.py",
    "files.py",
    "questions.py",
    "identify_operator.py",
}  # the commands themselves; samples; the two doors; a folder's files; what `init` starts from; a secret


def test_no_command_opens_a_file_beside_the_one_reader_and_writer():
    opened = set()
    for path in sorted((ROOT / "bridge" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"open", "read_bytes", "read_text", "write_bytes", "write_text", "mkstemp", "File"}:
                    opened.add(path.name)
    assert opened <= OWN_FILES
    assert opened >= {"output_files.py", "input_files.py"}
