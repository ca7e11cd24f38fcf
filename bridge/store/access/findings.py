"""Findings: one sealed row for each page, under the data subject's data key."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from bridge.model import Finding, FindingPage, Task
from bridge.store.schema.tables import findings, requests
from bridge.store.session import Session

_OF_REQUEST = findings.c.request_id == bindparam("of")
SELECT_LAST_PAGE = select(
    requests.c.data_key_id, select(func.max(findings.c.seq)).where(_OF_REQUEST).scalar_subquery()
).where(requests.c.id == bindparam("of"))
SELECT_PAGES = (
    select(findings.c.seq, findings.c.system, findings.c.records)
    .where(_OF_REQUEST)
    .order_by(findings.c.system, findings.c.seq)
)
SELECT_PAGE_BODY = select(findings.c.body).where(_OF_REQUEST, findings.c.seq == bindparam("at"))
MAX_KEPT_RECORDS = 100
FINDING_AAD = "findings|{request_id}|{seq}|body"


class FindingRows:
    """What systems hold of a data subject, sealed, until the package is made."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._kept: tuple[str, list[tuple[str, Finding]]] | None = None

    def add_findings(self, task: Task, page: FindingPage) -> None:
        """Store one page of findings."""
        if not page.findings:
            return
        key_id, last = self._connection.execute(SELECT_LAST_PAGE, {"of": task.request_id}).one()
        seq = (last or 0) + 1
        values = [[found.kind, found.ref, found.matched_by, found.body] for found in page.findings]
        plain = zlib.compress(json.dumps(values).encode(), level=3)
        aad = FINDING_AAD.format(request_id=task.request_id, seq=seq)
        key = self._session.find_data_key(key_id or "")
        body = self._session.keyring.seal(plain, aad, key_id=key_id or "", key=key or b"")
        row = {"request_id": task.request_id, "seq": seq, "system": task.system, "records": len(page.findings)}
        self._connection.execute(insert(findings), row | {"body": body})

    def read_findings(self, request_id: str) -> Iterator[tuple[str, Finding]]:
        """Yield (system, finding), by system and in the order of storing; one page is open at a time.

        Where the transaction sees one state, a few records stay open for the next reading of them.
        """
        if self._kept is not None and self._kept[0] == request_id:
            yield from self._kept[1]
            return
        pages = self._connection.execute(SELECT_PAGES, {"of": request_id}).all()
        found: Iterable[tuple[str, Finding]] = self._open_pages(request_id, pages)
        if self._session.sees_one_state and sum(page.records for page in pages) <= MAX_KEPT_RECORDS:
            found = kept = list(found)
            self._kept = request_id, kept
        yield from found

    def _open_pages(self, request_id: str, pages: Sequence[Any]) -> Iterator[tuple[str, Finding]]:
        for seq, system, _ in pages:
            sealed = self._connection.scalar(SELECT_PAGE_BODY, {"of": request_id, "at": seq})
            aad = FINDING_AAD.format(request_id=request_id, seq=seq)
            for kind, ref, matched_by, body in json.loads(zlib.decompress(self._session.open(sealed or b"", aad))):
                yield system, Finding(kind=kind, ref=ref, matched_by=matched_by, body=body)

    def delete_findings(self, request_id: str, system: str = "") -> None:
        """Destroy the findings of a request, or of one of its systems."""
        of_request = findings.c.request_id == request_id
        conditions = (of_request, findings.c.system == system) if system else (of_request,)
        self._connection.execute(delete(findings).where(*conditions))
