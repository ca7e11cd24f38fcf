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
from bridge.rules.evidence.chain import encode_canonical_json, encode_event
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.steps.evidence.bundle.json_tables import build_json_tables, dump_table_json
from bridge.steps.evidence.bundle.readme import render_readme

CERTIFICATE_SCHEMA_FILE = Path(__file__).parent / "schema" / "erasure-certificate.schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class BundleInputs:
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


def build_evidence_bundle(
    inputs: BundleInputs, *, sign: Callable[[bytes], str], encode_pem: Callable[[str], bytes]
) -> Mapping[str, bytes]:
    """The files by path. `sign` gives base64, `pem` the public key of one in base64."""
    files = {name: dump_table_json(sheet) for name, sheet in build_json_tables(inputs).items()}
    files |= {_fact_path(row): encode_event(row) for row in inputs.rows}
    files["CHAIN"] = "".join(
        f"{row.prev_hash} {row.hash} {_fact_path(row)}\n" for row in inputs.rows
    ).encode()
    if inputs.certificate is not None:
        unsigned = {name: value for name, value in inputs.certificate.items() if name != "signature"}
        files["certificate.json"] = encode_canonical_json(unsigned)
        files["certificate.sig"] = b64decode(inputs.certificate["signature"]["value"])
        files[f"schema/{CERTIFICATE_SCHEMA_FILE.name}"] = CERTIFICATE_SCHEMA_FILE.read_bytes()
    for head in inputs.heads:
        files |= _build_head_files(head, inputs, encode_pem)
    files["public-key.pem"] = encode_pem(inputs.public_key)
    files["README.txt"] = render_readme(inputs).encode()
    digests = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files["SHA256SUMS"] = "".join(digests).encode()
    files["SHA256SUMS.sig"] = b64decode(sign(files["SHA256SUMS"]))
    return files


def select_signed_heads(heads: Sequence[SignedHead], facts: Sequence[Event]) -> list[SignedHead]:
    """The first head that covers all facts, and the first of them with a timestamp; else the newest that covers some."""
    if not facts:
        return []
    after = [head for head in heads if head.seq >= facts[-1].seq]
    stamped = [head for head in after if head.anchored_at]
    some = [head for head in heads if head.seq >= facts[0].seq]
    chosen = [*after[:1], *stamped[:1]] or some[-1:]
    return list(dict.fromkeys(chosen))


def _fact_path(row: Event) -> str:
    return f"facts/{row.seq:06}.json"


def _build_head_files(
    head: SignedHead, inputs: BundleInputs, encode_pem: Callable[[str], bytes]
) -> Mapping[str, bytes]:
    path = f"heads/{head.day}"
    files = {f"{path}.json": encode_head_statement(head), f"{path}.sig": b64decode(head.signature)}
    if head.token:
        files[f"{path}.tsr"] = b64decode(head.token)
    if head.public_key != inputs.public_key:
        files[f"{path}.pem"] = encode_pem(head.public_key)
    return files
