"""Files that commands write: for their owner only, never over another by accident."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

import click

OUT_OPTION = click.option(
    "--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
FORCE_OPTION = click.option("--force", is_flag=True, help="Overwrite the file where it exists.")


def write_private_file(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read. Forced, it takes the place of another; a link is not followed."""
    with open_private_file(target, force=force) as out:
        out.write(content)


@contextmanager
def open_private_file(target: Path, *, force: bool) -> Iterator[BufferedRandom]:
    """The same, piece by piece, to read again too. Where the block raises, nothing is left of it."""
    beside = target.with_name(f".{target.name}.{os.getpid()}") if force else target
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w+b") as out:
                yield out
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise click.UsageError(f"{target} exists; --force overwrites it") from None
    except OSError as fault:
        raise click.UsageError(f"{target} cannot be written: {fault.strerror}") from None
