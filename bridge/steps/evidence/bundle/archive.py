"""Build a zip whose bytes depend only on the files: no date, no owner, sorted paths."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
FILE_MODE = 0o100644 << 16


def build_zip(files: Mapping[str, bytes], *, folder: str) -> bytes:
    """Return the zip of the files (path to content), all in one folder."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(f"{folder}/{path}", ZIP_EPOCH)
            member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 3
            member.external_attr = FILE_MODE
            archive.writestr(member, files[path])
    return output.getvalue()
