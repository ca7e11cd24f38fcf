"""What was found, a sealed page a row, under the person's data key."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select

from bridge.model import Finding, FindingPage, Task
from bridge.store.schema.tables import findings, requests

if TYPE_CHECKING:
    from bridge.store.session import Session

_OF_REQUEST = findings.c.request_id == bindparam("of")
SELECT_LAST_PAGE = select(
    requests.c.data_key_id, select(func.max(findings.c.seq)).where(_OF_REQUEST).scalar_subquery()
).where(requests.c.id == bindparam("of"))
SELECT_PAGES = (
    select(findings.c.seq, findings.c.system).where(_OF_REQUEST).order_by(findings.c.system, findings.c.seq)
)
SELECT_PAGE_BODY = select(findings.c.body).where(_OF_REQUEST, findings.c.seq == bindparam("at"))
FINDING_AAD = "findings|{request_id}|{seq}|body"


class FindingRows:
    """`ports.Findings` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def add_findings(self, task: Task, page: FindingPage) -> None:
        """See ports.Findings."""
        if not page.findings:
            return
        key_id, last = self._connection.execute(SELECT_LAST_PAGE, {"of": task.request_id}).one()
        seq = (last or 0) + 1
        plain = zlib.compress(
            json.dumps(
                [[found.kind, found.ref, found.matched_by, found.body] for found in page.findings]
            ).encode(),
            level=3,
        )
        place = FINDING_AAD.format(request_id=task.request_id, seq=seq)
        key = self._session.find_data_key(key_id or "")
        self._connection.execute(
            insert(findings),
            {
                "request_id": task.request_id,
                "seq": seq,
                "system": task.system,
                "records": len(page.findings),
                "body": self._session.keyring.seal(plain, place, key_id=key_id or "", key=key or b""),
            },
        )

    def read_findings(self, request_id: str) -> Iterator[tuple[str, Finding]]:
        """See ports.Findings. Ordered by system, then as kept."""
        for seq, system in self._connection.execute(SELECT_PAGES, {"of": request_id}).all():
            sealed = self._connection.scalar(SELECT_PAGE_BODY, {"of": request_id, "at": seq})
            place = FINDING_AAD.format(request_id=request_id, seq=seq)
            for kind, ref, matched_by, body in json.loads(
                zlib.decompress(self._session.open(sealed or b"", place))
            ):
                yield system, Finding(kind=kind, ref=ref, matched_by=matched_by, body=body)

    def delete_findings(self, request_id: str, system: str = "") -> None:
        """See ports.Findings."""
        mine = findings.c.request_id == request_id
        which = (mine, findings.c.system == system) if system else (mine,)
        self._connection.execute(delete(findings).where(*which))
