"""Read what commands are given: a file, or with `-` stdin, up to a size."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

STDIN = Path("-")
MAX_INPUT_BYTES = 20_000_000


class InputFile(click.ParamType[Path]):
    """A file to read, or `-` for stdin."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Raises BadParameter. Whether the file can be read is seen when it is read."""
        if not str(value) or "\0" in str(value):
            self.fail("give the name of a file, or - for stdin", param, ctx)
        return Path(value)


INPUT_FILE = InputFile()


def read_input(source: Path, *, max_bytes: int = MAX_INPUT_BYTES) -> bytes:
    """Return the bytes of a file, or of stdin for `-`; at most one more than `max_bytes`. Raises UsageError."""
    try:
        if source == STDIN:
            return _read_stdin(max_bytes + 1)
        with source.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as fault:
        raise click.UsageError(f"{name_input(source)} cannot be read: {fault.strerror}") from None


def read_whole_input(source: Path, *, max_bytes: int = MAX_INPUT_BYTES) -> bytes:
    """Return the bytes of a file, or of stdin for `-`. Raises UsageError, also where there are more than `max_bytes`."""
    content = read_input(source, max_bytes=max_bytes)
    if len(content) > max_bytes:
        raise click.UsageError(f"{name_input(source)} is larger than {max_bytes} bytes")
    return content


def read_input_text(source: Path, *, max_bytes: int = MAX_INPUT_BYTES) -> str:
    """Return the text of a file, or of stdin for `-`, in UTF-8 with or without a mark. Raises UsageError."""
    try:
        return read_whole_input(source, max_bytes=max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(f"{name_input(source)} is no text in UTF-8") from None


def find_readable_path(source: Path | None) -> Path | None:
    """Return the path for readers that open the file themselves."""
    return Path("/dev/stdin") if source == STDIN else source


def name_input(source: Path) -> str:
    """Return how messages call the file."""
    return "stdin" if source == STDIN else str(source)


def _read_stdin(max_bytes: int) -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    return stream.read(max_bytes) if stream else sys.stdin.read(max_bytes).encode()
