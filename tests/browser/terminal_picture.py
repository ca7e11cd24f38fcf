"""Make the README's picture of a terminal: `python -m tests.browser.terminal_picture`. It needs Debian's Chromium and port 8000.

What it shows was printed: the commands of the README run in a copy of the project, with the colours of a terminal. `make run SANDBOX=1`
is started by its recipe, since make would set up a second environment.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from struct import pack

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.browser.conftest import ARGUMENTS
from tests.browser.pictures import PICTURES, take_picture
from tests.kit.hosts.clones import copy_tracked_files
from tests.kit.threads import wait_until

COLUMNS, ROWS = 92, 50
TYPED = ("bin/bridge send customers/data_request", "bin/bridge dsr list")
SERVE = "make run SANDBOX=1"
STYLE = """body{margin:0;background:#fff;width:780px}pre{font:14px/1.42 'DejaVu Sans Mono',monospace;margin:0;padding:14px 18px;background:#1b1f24;
color:#e6edf3;white-space:pre-wrap}pre+pre{margin-top:10px}i{font-style:normal;color:#7d8590}"""
PROMPT = re.compile(r"^\$ .*", re.MULTILINE)


def main() -> None:
    """Write the picture, or exit with 1 where the browser is missing."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        sys.exit("This needs Debian's package chromium.")
    serve, session = run_commands()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        size = take_picture(browser, render_terminals(serve, session), PICTURES / "terminal.png", is_whole=True)
        browser.close()
    sys.stdout.write(f"docs/pictures/terminal.png  {size:,} bytes\n")


def run_commands() -> tuple[str, str]:
    """Return what the two terminals show: that of `serve`, and that of the commands."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_tracked_files(Path(folder))
        (copy / ".venv").symlink_to(sys.prefix)
        with _open_terminal([sys.executable, "-m", "bridge", "serve", "--sandbox"], copy) as serve:
            _wait_for(serve, "bin/bridge dsr list")
            session = []
            for command in TYPED:
                with _open_terminal(command.split(), copy) as shown:
                    shown.wait()
                session.append(f"$ {command}\n{shown.text}")
                if command == TYPED[0]:
                    _wait_for(serve, "complete yes")
            return f"$ {SERVE}\n{serve.text}", "\n".join(session)


def _wait_for(terminal: _Terminal, words: str) -> None:
    wait_until(lambda: words in terminal.text, what=words, timeout_s=90.0)


class _Terminal:
    """A process on a pseudo terminal, and what it has written."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._leader, follower = pty.openpty()
        ioctl(follower, termios.TIOCSWINSZ, pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command, cwd=folder, env={**kept, "TERM": "xterm-256color"}, stdout=follower, stderr=follower
        )
        os.close(follower)
        self.text = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait(self) -> None:
        """Wait until the process has ended and all was read."""
        self.process.wait(60)
        self._reader.join(10)

    def stop(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.wait()
        os.close(self._leader)

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._leader, 65_536)
            except OSError:  # the process has ended
                return
            self.text += piece.decode().replace("\r\n", "\n")


@contextmanager
def _open_terminal(command: Sequence[str], folder: Path) -> Iterator[_Terminal]:
    terminal = _Terminal(command, folder)
    try:
        yield terminal
    finally:
        terminal.stop()


def render_terminals(*texts: str) -> str:
    """Return a page with a terminal for each text, which may hold colours."""
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>" + "".join(map(_render_text, texts))


def _render_text(text: str) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in text.rstrip().splitlines():
        console.print(Text.from_ansi(line.rstrip()), style="bold" if PROMPT.match(line) else "", soft_wrap=True)
    return console.export_html(theme=DIMMED_MONOKAI, inline_styles=True, code_format="<pre>{code}</pre>")


if __name__ == "__main__":
    main()
