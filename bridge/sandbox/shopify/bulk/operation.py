"""One bulk operation: from CREATED over RUNNING to a file, or to a partial file if it fails.

It reads no clock and runs no query: its lines are given.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.parts import Record

OPEN_STATUSES: Final = frozenset({"CREATED", "RUNNING", "CANCELING"})


@dataclass(slots=True)
class BulkOperation:
    """One operation. Its lines are known from the start and readable when it is done."""

    id: str
    query: str
    lines: list[Record]
    root_count: int
    polls_left: int
    failure_code: str = ""
    lines_before_failure: int = 0
    status: str = "CREATED"
    file_token: str = field(default_factory=lambda: secrets.token_hex(16))
    ended_s: float = 0.0

    def advance(self, now_s: float) -> None:
        """Move the operation one step towards its end."""
        if self.status == "CANCELING":
            self.status = "CANCELED"
        elif self.status in OPEN_STATUSES:
            self.polls_left -= 1
            self.status = "RUNNING"
            if self.polls_left < 0:
                self.status = "FAILED" if self.failure_code else "COMPLETED"
        if self.status not in OPEN_STATUSES and not self.ended_s:
            self.ended_s = now_s

    def build_file(self) -> bytes:
        """Return the content of the file: everything, or a part if it failed; nothing before the end."""
        lines = (
            self.lines
            if self.status == "COMPLETED"
            else self.lines[: self.lines_before_failure]
            if self.status == "FAILED"
            else []
        )
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    def build_record(self, files_url: str, at: str | None) -> Record:
        """Return the operation in Shopify's notation."""
        file, url = self.build_file(), f"{files_url}/{self.file_token}.jsonl"
        done, failed = self.status == "COMPLETED", self.status == "FAILED"
        return {
            "__typename": "BulkOperation",
            "id": self.id,
            "status": self.status,
            "type": "QUERY",
            "query": self.query,
            "createdAt": at,
            "completedAt": None if self.status in OPEN_STATUSES else at,
            "errorCode": self.failure_code if failed else None,
            "objectCount": str(file.count(b"\n")),
            "rootObjectCount": str(self.root_count if done else 0),
            "fileSize": str(len(file)) if file else None,
            "url": url if file and done else None,
            "partialDataUrl": url if file and failed else None,
        }
