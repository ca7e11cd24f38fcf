"""On a terminal there are colours, progress and questions; in a pipe nothing but the result."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from fcntl import ioctl
from struct import pack
from unittest import mock

import pytest

from tests.e2e import processes
from tests.factories import make_request, opened
from tests.house.tree import ROOT

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOP = "minimiss-demo.myshopify.com"


def on_terminal(environ, *words, types="", columns=80, **more):
    """Run a command on a pseudo terminal that is so wide. Return its exit code and what the terminal shows."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "bridge", *words]
    more = {"TERM": "xterm-256color", **more}
    running = subprocess.Popen(
        command, env={**environ, **more}, cwd=ROOT, stdin=follower, stdout=follower, stderr=follower, close_fds=True
    )
    os.close(follower)
    if types:
        os.write(leader, types.encode())
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65_536)
        except OSError:  # the command has ended
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return running.wait(timeout=60), shown.decode()


def put_token(environ):
    answer = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": 3600})
    with mock.patch.object(sys, "stdin", io.StringIO(answer)):
        assert processes.say(environ, "token", "put", SHOP).code == 0


def list_tokens(environ):
    return [row["shop"] for row in processes.say(environ, "token", "list", "--json").json]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_fits_the_terminal_and_loses_nothing(environ, columns):
    put_token(environ)
    code, shown = on_terminal(environ, "token", "list", columns=columns)
    plain = ESCAPE.sub("", shown)
    assert code == 0
    assert all(len(line) <= columns for line in plain.splitlines())
    assert "…" not in plain
    letters = re.sub(r"[^\w.-]", "", plain)
    assert "\x1b[1m" in shown, "the header is bold"
    assert columns == 40 or SHOP in letters


@pytest.fixture(scope="module")
def listed(environ):
    """The cells of `dsr list` of two requests, as a pipe shows them."""
    with processes.services(environ) as services, services.store.transaction() as tx:
        for number in range(2):
            opened(tx, make_request(subject=f"subject-{number}"))
    header, *rows = processes.say(environ, "dsr", "list").out.splitlines()
    return re.split(r"  +", header), [re.split(r"  +", row) for row in rows]


@pytest.mark.parametrize("columns", [60, 110, 165, 175, 200])
def test_a_wide_table_loses_no_column_and_stands_below_each_other_where_its_words_do_not_fit(environ, listed, columns):
    _, shown = on_terminal(environ, "dsr", "list", columns=columns)
    plain = ESCAPE.sub("", shown)
    header, rows = listed
    assert all(len(line) <= columns for line in plain.splitlines())
    for word in {part for cell in (*header, *rows[0], *rows[1]) for part in re.split(r"[\s-]", cell) if len(part) < 10}:
        assert word in plain
    assert all(row[0] in plain for row in rows), "an id stays on one line"
    assert (plain.count("answered at") == len(rows)) == (columns < 140)


def test_no_color_takes_the_colours_away(environ):
    put_token(environ)
    _, shown = on_terminal(environ, "token", "list", NO_COLOR="1")
    assert not re.search(r"\x1b\[(?:\d+;)*3\d", shown)
    _, dumb = on_terminal(environ, "token", "list", TERM="dumb")
    assert "\x1b" not in dumb


def test_in_a_pipe_a_table_is_plain_whole_and_the_same_whatever_the_width(environ):
    put_token(environ)
    outputs = set()
    for columns in ("20", "200"):
        done = processes.run({**environ, "COLUMNS": columns}, "-m", "bridge", "token", "list")
        assert "\x1b" not in done.out
        outputs.add(re.sub(r"\d", "0", done.out))
    assert len(outputs) == 1
    assert SHOP in outputs.pop()


def test_json_is_the_same_on_a_terminal(environ):
    put_token(environ)
    _, shown = on_terminal(environ, "token", "list", "--json")
    assert [row["shop"] for row in json.loads(shown)] == [SHOP]


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, [SHOP]), ("\n", 1, [SHOP]), ("y\n", 0, [])])
def test_a_person_is_asked_before_what_cannot_be_undone(environ, answer, code, left):
    put_token(environ)
    ended, shown = on_terminal(environ, "token", "forget", SHOP, types=answer)
    assert "The tokens are destroyed." in shown.replace("\r\n", " ")
    assert "Do it? [y/N]" in shown
    assert (ended, list_tokens(environ)) == (code, left)
    assert ("stopped: nothing more was changed" in shown) == bool(code)


def test_yes_and_dry_run_ask_nothing(environ):
    put_token(environ)
    code, shown = on_terminal(environ, "token", "forget", SHOP, "--dry-run")
    assert (code, "Do it?" in shown, list_tokens(environ)) == (0, False, [SHOP])
    assert "Dry run, nothing was changed." in shown
    code, shown = on_terminal(environ, "token", "forget", SHOP, "--yes")
    assert (code, "Do it?" in shown, list_tokens(environ)) == (0, False, [])


def test_progress_is_for_a_terminal_and_is_gone_at_the_end(environ):
    code, shown = on_terminal(environ, "evidence", "verify")
    assert code == 0
    assert "Checking the chain …" in shown
    assert shown.rindex("\x1b[2K") < shown.index("The chain is unbroken")
    done = processes.run(environ, "-m", "bridge", "evidence", "verify")
    assert (done.err, "\x1b" in done.out) == ("", False)
