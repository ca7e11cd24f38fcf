"""Write what commands hand out: to a file for its owner only, never over another by accident, or with `-` to stdout.

Stdout holds the content alone then, byte by byte, and the words go to stderr: what a one-off machine writes can be kept
elsewhere. No link, device, pipe or folder is replaced or written through.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bridge.cli.printing import show

STDOUT = Path("-")
# faults of the machine, and not of what was typed
MACHINE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
KIND_NAMES = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class OutputFile(click.ParamType[Path]):
    """A file to write, or `-` for stdout."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Raises BadParameter."""
        if not str(value) or "\0" in str(value):
            self.fail("give the name of a file, or - for stdout", param, ctx)
        return Path(value)


OUTPUT_FILE = OutputFile()
OUT_OPTION = click.option("--out", "target", required=True, type=OUTPUT_FILE, help="File to write, or - for stdout.")
FORCE_OPTION = click.option("--force", is_flag=True, help="Overwrite the file if it exists.")


class Output:
    """What a command writes, with its size and digest. It cannot be read back: a pipe cannot either."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write, self._digest, self.size_bytes = write, hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        """Write these bytes. Raises OSError."""
        self._write(content)
        self._digest.update(content)
        self.size_bytes += len(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: the end of the block writes all."""

    @property
    def sha256(self) -> str:
        """The digest of what was written so far."""
        return self._digest.hexdigest()


def choose_format(target: Path, wanted: str | None, formats: Sequence[str]) -> str:
    """Return the format by the ending of the file, or for stdout the wanted one or the first. Raises UsageError."""
    if target == STDOUT:
        return wanted or formats[0]
    found = target.suffix.removeprefix(".")
    if found not in formats or (wanted and wanted != found):
        raise click.UsageError(f"--out must end in {' or '.join(f'.{each}' for each in formats)}, or be -")
    return found


def save_output(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read; nothing for stdout, which `show_output` writes later. Raises ClickException.

    Call it inside the transaction that records the deed: if it fails, the fact is rolled back.
    """
    if target != STDOUT:
        with open_output(target, force=force) as out:
            out.write(content)
    elif not _is_text(content):
        _refuse_terminal()


def show_output(target: Path, content: bytes, value: Any, text: str) -> None:
    """Write the content to stdout if that is the target, then say what was written: on stderr then, else as `show`.

    Call it after the transaction: whoever reads stdout may be slow.
    """
    if target == STDOUT:
        with open_output(target, force=False) as out:
            out.write(content)
    show(value, text, err=target == STDOUT)


@contextmanager
def open_output(target: Path, *, force: bool, is_text: bool = True) -> Iterator[Output]:
    """Open a file, or stdout, for writing. If the block raises, the file is removed. Raises ClickException.

    A pipe on stdout that nobody reads any more ends the command quietly.
    """
    if target == STDOUT and not is_text:
        _refuse_terminal()
    try:
        with _open_stdout() if target == STDOUT else _open_private_file(target, force=force) as out:
            yield out
    except FileExistsError:
        raise click.UsageError(f"{target} exists; --force overwrites it") from None
    except OSError as fault:
        if target == STDOUT and fault.errno == errno.EPIPE:
            raise
        message = f"{'stdout' if target == STDOUT else target} cannot be written: {fault.strerror}"
        kind: type[click.ClickException] = click.ClickException if fault.errno in MACHINE_ERRNOS else click.UsageError
        raise kind(message) from None


@contextmanager
def _open_stdout() -> Iterator[Output]:
    sys.stdout.flush()
    yield Output(sys.stdout.buffer.write)
    sys.stdout.buffer.flush()


@contextmanager
def _open_private_file(target: Path, *, force: bool) -> Iterator[Output]:
    refuse_special_file(target)
    temporary = target
    if force:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
    else:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as out, _end_when_stopped():
            yield Output(out.write)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _end_when_stopped() -> Iterator[None]:
    """End by an exception where the process is stopped or loses its terminal, so that no half of a file stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def refuse_special_file(target: Path) -> None:
    """Raise UsageError where something stands that is no file: writing would go elsewhere, --force would replace it."""
    if target != STDOUT and os.path.lexists(target) and not stat.S_ISREG(mode := target.lstat().st_mode):
        kind = next((name for is_kind, name in KIND_NAMES if is_kind(mode)), "a device")
        raise click.UsageError(f"{target} is {kind}, not a file; --out - writes to stdout")


def _refuse_terminal() -> None:
    """Raise UsageError where stdout is a terminal: it would spoil the bytes on their way, or be spoilt by them."""
    if sys.stdout.isatty():
        raise click.UsageError("--out - writes bytes that a terminal would spoil: send stdout to a file")


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
