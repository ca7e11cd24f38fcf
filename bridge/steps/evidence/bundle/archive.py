"""Files as a zip whose bytes depend on nothing but the files: no date, no owner, one order."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day a zip can name
FILE_MODE = 0o100644 << 16


def build_zip(files: Mapping[str, bytes], *, folder: str) -> bytes:
    """The zip, everything inside one folder."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(f"{folder}/{path}", ZIP_EPOCH)
            member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 3
            member.external_attr = FILE_MODE
            archive.writestr(member, files[path])
    return output.getvalue()
