"""Write the files of commands: readable for their owner only, and never over another file by accident."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

import click

from bridge.cli.options import FILE_TYPE

OUT_OPTION = click.option("--out", "target", required=True, type=FILE_TYPE, help="File to write.")
FORCE_OPTION = click.option("--force", is_flag=True, help="Overwrite the file if it exists.")


def write_private_file(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read. Raises UsageError.

    With `force` it replaces an existing file; a link is replaced, not followed.
    """
    with open_private_file(target, force=force) as out:
        out.write(content)


@contextmanager
def open_private_file(target: Path, *, force: bool) -> Iterator[BufferedRandom]:
    """Open such a file for writing and reading. If the block raises, the file is removed. Raises UsageError."""
    temporary = target
    try:
        _refuse_special_file(target)
        if force:
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            temporary = Path(name)
        else:
            handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w+b") as out:
                yield out
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise click.UsageError(f"{target} exists; --force overwrites it") from None
    except OSError as fault:
        raise click.UsageError(f"{target} cannot be written: {fault.strerror}") from None


def _refuse_special_file(target: Path) -> None:
    """Raise UsageError where a device, a pipe or a folder stands: --force would replace it."""
    if os.path.lexists(target) and not stat.S_ISREG(mode := target.lstat().st_mode) and not stat.S_ISLNK(mode):
        raise click.UsageError(f"{target} is not a file")
