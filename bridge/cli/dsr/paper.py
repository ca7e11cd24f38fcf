"""Files that commands write: for their owner only, never over another by accident."""

from __future__ import annotations

import os
from pathlib import Path

import click

OUT = click.option(
    "--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
FORCE = click.option("--force", is_flag=True, help="Overwrite the file where it exists.")


def write(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read. Forced, it takes the place of another; a link is not followed."""
    beside = target.with_name(f".{target.name}.{os.getpid()}") if force else target
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        beside.replace(target)
    except FileExistsError:
        raise click.UsageError(f"{target} exists; --force overwrites it") from None
    except OSError as fault:
        raise click.UsageError(f"{target} cannot be written: {fault.strerror}") from None
