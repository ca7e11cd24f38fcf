"""Prove: everything that proves one request, as files that need neither the bridge nor its database to be checked.

Pure but for what it is given: reads no table, no clock, signs with the function that it gets. Holds ids, counts,
codes, dates, digests and pseudonyms; no person. The same request gives the same files, but for the moment.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.model import Event, PrivacyRequest, SignedHead, Task
from bridge.rules.evidence.chain import canonical, content
from bridge.rules.evidence.chain_heads import statement
from bridge.steps.evidence.bundle.json_tables import dumps, sheets
from bridge.steps.evidence.bundle.readme import readme

SCHEMA = Path(__file__).parent / "schema" / "erasure-certificate.schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What is known of a request. `facts` are its own; `rows` those that the bundle lists, others' between too.

    `deliveries` are the webhooks that its facts name, without their bodies. `heads` are signed heads worth showing.
    """

    request: PrivacyRequest
    tasks: Sequence[Task]
    facts: Sequence[Event]
    rows: Sequence[Event]
    heads: Sequence[SignedHead]
    deliveries: Sequence[Mapping[str, Any]]
    certificate: Mapping[str, Any] | None
    plan: Mapping[str, Any] | None
    public_key: str
    timezone: str


def prove(proof: Proof, *, sign: Callable[[bytes], str], pem: Callable[[str], bytes]) -> Mapping[str, bytes]:
    """The files by path. `sign` gives base64, `pem` the public key of one in base64."""
    files = {name: dumps(sheet) for name, sheet in sheets(proof).items()}
    files |= {_path(row): content(row) for row in proof.rows}
    files["CHAIN"] = "".join(f"{row.prev_hash} {row.hash} {_path(row)}\n" for row in proof.rows).encode()
    if proof.certificate is not None:
        unsigned = {name: value for name, value in proof.certificate.items() if name != "signature"}
        files["certificate.json"] = canonical(unsigned)
        files["certificate.sig"] = b64decode(proof.certificate["signature"]["value"])
        files[f"schema/{SCHEMA.name}"] = SCHEMA.read_bytes()
    for head in proof.heads:
        files |= _head(head, proof, pem)
    files["public-key.pem"] = pem(proof.public_key)
    files["README.txt"] = readme(proof).encode()
    digests = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files["SHA256SUMS"] = "".join(digests).encode()
    files["SHA256SUMS.sig"] = b64decode(sign(files["SHA256SUMS"]))
    return files


def worth_showing(heads: Sequence[SignedHead], facts: Sequence[Event]) -> list[SignedHead]:
    """The first head that covers all facts, and the first of them with a timestamp; else the newest that covers some."""
    if not facts:
        return []
    after = [head for head in heads if head.seq >= facts[-1].seq]
    stamped = [head for head in after if head.anchored_at]
    some = [head for head in heads if head.seq >= facts[0].seq]
    chosen = [*after[:1], *stamped[:1]] or some[-1:]
    return list(dict.fromkeys(chosen))


def _path(row: Event) -> str:
    return f"facts/{row.seq:06}.json"


def _head(head: SignedHead, proof: Proof, pem: Callable[[str], bytes]) -> Mapping[str, bytes]:
    path = f"heads/{head.day}"
    files = {f"{path}.json": statement(head), f"{path}.sig": b64decode(head.signature)}
    if head.token:
        files[f"{path}.tsr"] = b64decode(head.token)
    if head.public_key != proof.public_key:
        files[f"{path}.pem"] = pem(head.public_key)
    return files
