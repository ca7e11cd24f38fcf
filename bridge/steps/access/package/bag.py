"""A zip laid out as a BagIt bag (RFC 8493), written front to back into a stream that cannot seek.

Hashes every file as it goes and ends with the manifests. The same files give the same bytes: fixed dates,
order, permissions and compression. Never reads back and never holds a file whole.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day a zip can name: our files have no date of their own
_FILE_PERMISSIONS = 0o100644 << 16
_ZIP_COMPRESSION_LEVEL = (
    3  # two thirds of the time that the usual 6 takes, for a package that is a fifteenth larger
)
BAGIT_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFile:
    """One file of the bag as the manifests list it. `portable` marks what the person gave or caused."""

    path: str
    role: str
    media_type: str
    sha256: str
    size: int
    portable: bool | None = None


class _UnseekableWriter:
    """A stream that only goes forward, so that a file and a sealing stream get the very same bytes."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        self._out.write(data)
        return len(data)

    def flush(self) -> None:
        """Flushing is the owner's business."""


class BagItWriter:
    """A bag while it is written. `files` lists the payload so far, in the order it was added."""

    def __init__(self, out: IO[bytes]) -> None:
        """Write into `out`, which stays the caller's to close."""
        self._zip = zipfile.ZipFile(_UnseekableWriter(out), "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
        self._tag_files: list[PackageFile] = []
        self.payload_files: list[PackageFile] = []

    def __enter__(self) -> Self:
        """Begin with the declaration."""
        self._write_tag_file("bagit.txt", BAGIT_DECLARATION)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the zip; a bag that failed stays without its directory and opens nowhere."""
        if kind is not None:
            self._zip.fp = None  # or the zip would still write its directory when it is collected
        self._zip.close()

    def add_payload_file(
        self,
        path: str,
        content: str | Iterable[bytes],
        *,
        role: str,
        media_type: str,
        portable: bool | None = None,
    ) -> None:
        """Add one payload file under `data/`."""
        size, digest = self._write_zip_member(f"data/{path}", content)
        self.payload_files.append(
            PackageFile(
                path=f"data/{path}",
                role=role,
                media_type=media_type,
                sha256=digest,
                size=size,
                portable=portable,
            )
        )

    def write_tag_files(self, *, info: Mapping[str, str], manifest_json: str) -> str:
        """Write the tag files. Returns the SHA-256 of `manifest-sha256.txt`, which stands for the payload."""
        total_bytes = sum(file.size for file in self.payload_files)
        lines = {**info, "Payload-Oxum": f"{total_bytes}.{len(self.payload_files)}"}
        self._write_tag_file(
            "bag-info.txt",
            "".join(f"{name}: {_flatten_bag_info_value(value)}\n" for name, value in lines.items()),
        )
        self._write_tag_file("manifest.json", manifest_json)
        digest = self._write_tag_file("manifest-sha256.txt", _render_checksum_manifest(self.payload_files))
        self._write_zip_member("tagmanifest-sha256.txt", _render_checksum_manifest(self._tag_files))
        return digest

    def _write_tag_file(self, path: str, content: str) -> str:
        size, digest = self._write_zip_member(path, content)
        self._tag_files.append(
            PackageFile(path=path, role="tag", media_type="text/plain", sha256=digest, size=size)
        )
        return digest

    def _write_zip_member(self, path: str, content: str | Iterable[bytes]) -> tuple[int, str]:
        member = zipfile.ZipInfo(path, _ZIP_EPOCH)
        member.compress_type = zipfile.ZIP_DEFLATED
        member._compresslevel = _ZIP_COMPRESSION_LEVEL  # type: ignore[attr-defined] # noqa: SLF001 - it has a public name since 3.13
        member.create_system = 3
        member.external_attr = _FILE_PERMISSIONS
        size, digest = 0, hashlib.sha256()
        with self._zip.open(member, "w") as stream:
            for piece in [content.encode()] if isinstance(content, str) else content:
                stream.write(piece)
                digest.update(piece)
                size += len(piece)
        return size, digest.hexdigest()


def _render_checksum_manifest(files: Iterable[PackageFile]) -> str:
    return "".join(f"{file.sha256}  {file.path}\n" for file in files)


def _flatten_bag_info_value(value: str) -> str:
    return " ".join(value.split())  # a line break would begin another field
