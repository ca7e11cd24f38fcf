"""The command line starts at once, from any folder, and completes what is typed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys

import pytest

from tests.cli.start.command_tree import render_command_page
from tests.e2e import processes
from tests.house.tree import ROOT

BRIDGE = ROOT / "bin" / "bridge"
PRINT_MODULES = """
import json, sys
from bridge.cli import main
sys.argv = ["bridge", *{words!r}]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def list_all_imports(environ, *words, **more):
    """Return all modules that a process has imported when a command ends."""
    script = PRINT_MODULES.format(words=list(words))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, **more},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def list_imports(environ, *words, **more):
    """Return the top-level packages, and our own modules, that a process has imported when a command ends."""
    found = list_all_imports(environ, *words, **more)
    return {each.partition(".")[0] for each in found} | {each for each in found if each.startswith("bridge.")}


@pytest.mark.parametrize("words", [("--help",), ("dsr", "--help"), ("--version",), ("nothing-like-it",)])
def test_help_imports_no_library_but_click(environ, words):
    loaded = list_imports(environ, *words)
    heavy = {
        "sqlalchemy",
        "redis",
        "shopify",
        "rich",
        "structlog",
        "jinja2",
        "requests",
        "cryptography",
        "phonenumbers",
    }
    assert "click" in loaded
    assert words == ("nothing-like-it",) or not loaded & heavy  # who mistypes is told what is like it
    assert words == ("nothing-like-it",) or not loaded & {"bridge.store", "bridge.connectors", "bridge.steps"}


@pytest.mark.parametrize(
    "words", [("dsr", "list"), ("dsr", "list", "--json"), ("inbox", "list"), ("notice", "list"), ("review", "list")]
)
def test_a_listing_imports_what_it_shows_and_no_more(environ, words):
    loaded = list_imports(environ, *words)
    assert {"sqlalchemy", "bridge.store.listing"} & loaded
    heavy = {"alembic", "jinja2", "mako", "requests", "redis", "rq", "shopify", "flask", "rich", "structlog", "fpdf"}
    assert not loaded & heavy
    assert not {each for each in loaded if each.startswith(("bridge.connectors", "bridge.web", "bridge.sandbox"))}


def test_listing_the_requests_needs_neither_keys_nor_numbers(environ):
    assert not list_imports(environ, "dsr", "list") & {"cryptography", "phonenumbers"}


def test_listing_the_requests_imports_neither_the_plan_of_an_erasure_nor_the_other_database(environ):
    loaded = list_imports(environ, "dsr", "list")
    others = {"rules.erasure.plan", "store.access.hand_overs", "store.index.person_lookup", "store.notices.letters"}
    assert not {f"bridge.{name}" for name in others} & loaded
    assert "sqlalchemy.dialects.postgresql" not in list_all_imports(environ, "dsr", "list")


def measure_cpu(environ, *words, runs=3):
    """Return the processor time of a Python process in seconds, the least of some runs: a busy machine adds to it."""
    times = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([sys.executable, *words], env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(times)


def test_a_command_starts_in_little_more_than_the_time_of_its_libraries(environ):
    click, sqlalchemy = (measure_cpu(environ, "-c", f"import {library}") for library in ("click", "sqlalchemy"))
    assert measure_cpu(environ, "-m", "bridge", "--help") < 6 * click  # any larger library takes more
    assert measure_cpu(environ, "-m", "bridge", "dsr", "list") < 2.75 * sqlalchemy


def test_what_runs_steps_has_everything_before_it_forks(environ):
    script = (
        "import sys; from bridge.bootstrap import make_services; from bridge.ports.null_queue import NullQueue\n"
        "from config.load import read_configuration\n"
        "make_services(read_configuration(), NullQueue())\n"
        "print([each for each in ('phonenumbers', 'bridge.store.erasure.erase_person', 'bridge.store.index.rows')\n"
        "       if each not in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_bin_bridge_runs_from_any_folder_and_through_a_link(environ, tmp_path):
    (tmp_path / "bridge").mkdir()
    (tmp_path / "bridge" / "__init__.py").write_text("raise SystemExit('not ours')")
    link = tmp_path / "b"
    link.symlink_to(BRIDGE)
    for program in (BRIDGE, link):
        done = subprocess.run(
            [program, "dsr", "list", "--json"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_python_m_bridge_is_the_same(environ):
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "dsr", "--help"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("Usage: bridge dsr ")


# --- Completion ---------------------------------------------------------------------------------------


def complete(environ, typed, shell="bash"):
    """Return what Click answers to a shell that completes the last word of a line."""
    words = typed.split(" ")
    more = {"COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1), "_BRIDGE_COMPLETE": f"{shell}_complete"}
    done = subprocess.run([BRIDGE], env={**environ, **more}, capture_output=True, text=True, timeout=60, check=False)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("bridge ds", {"dsr"}),
        ("bridge dsr re", {"refuse", "release", "replay"}),
        ("bridge dsr list --st", {"--state"}),
        ("bridge dsr list --state f", {"failed"}),
        ("bridge completion ", {"bash", "zsh", "fish"}),
        ("bridge review list --kind order", {"order_in_doubt"}),
    ],
)
def test_commands_options_and_values_are_completed(environ, typed, found):
    assert set(complete(environ, typed)) == found


def test_completing_a_command_imports_none(environ):
    more = {"COMP_WORDS": "bridge d", "COMP_CWORD": "1", "_BRIDGE_COMPLETE": "bash_complete"}
    loaded = list_imports(environ, **more)
    assert not loaded & {"sqlalchemy", "bridge.cli.doctor", "bridge.cli.demo"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_accepted_by_it(environ, shell, tmp_path):
    done = processes.say(environ, "completion", shell)
    assert (done.code, "_BRIDGE_COMPLETE" in done.out) == (0, True)
    assert processes.say(environ, "completion", shell, "--json").json == {
        "shell": shell,
        "script": done.out.rstrip("\n"),
    }
    if program := shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.out)
        checked = subprocess.run([program, "-n", script], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
    assert processes.say(environ, "completion", "tcsh").code == 2


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_bin_bridge(environ):
    script = processes.say(environ, "completion", "bash").out
    line = (
        f'{script}\nCOMP_WORDS=({BRIDGE} dsr re)\nCOMP_CWORD=2\n_bridge_completion {BRIDGE}\necho "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(
        ["bash", "-c", line], env={**environ, "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["refuse", "release", "replay"], done.stderr


# --- The page -----------------------------------------------------------------------------------------


def test_the_page_of_commands_is_what_the_commands_say():
    stale = "docs/commands.md is stale; make it anew: python -m tests.cli.start.command_tree > docs/commands.md"
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == render_command_page(), stale
