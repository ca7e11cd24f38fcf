"""Build the evidence bundle of one request: files that can be checked without the bridge and its database.

Reads no table and no clock, and signs with the function that it is given. Contains ids, counts, codes, dates, digests
and pseudonyms; never personal data. The same inputs give the same files.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bridge.model import Event, SignedHead
from bridge.rules.evidence.chain import encode_canonical_json, encode_event
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.steps.evidence.bundle.json_tables import BundleInputs, build_json_tables, dump_table_json
from bridge.steps.evidence.bundle.readme import render_readme

__all__ = ["CERTIFICATE_SCHEMA_FILE", "BundleInputs", "build_evidence_bundle", "select_signed_heads"]

CERTIFICATE_SCHEMA_FILE = Path(__file__).parent / "schema" / "erasure-certificate.schema.json"


def build_evidence_bundle(
    inputs: BundleInputs, *, sign: Callable[[bytes], str], encode_pem: Callable[[str], bytes]
) -> Mapping[str, bytes]:
    """Return the files by path.

    `sign` returns a signature in base64; `encode_pem` returns a base64 public key as PEM.
    """
    files = {name: dump_table_json(table) for name, table in build_json_tables(inputs).items()}
    files |= {_fact_path(row): encode_event(row) for row in inputs.rows}
    files["CHAIN"] = "".join(f"{row.prev_hash} {row.hash} {_fact_path(row)}\n" for row in inputs.rows).encode()
    if inputs.certificate is not None:
        unsigned = {name: value for name, value in inputs.certificate.items() if name != "signature"}
        files["certificate.json"] = encode_canonical_json(unsigned)
        files["certificate.sig"] = b64decode(inputs.certificate["signature"]["value"])
        files[f"schema/{CERTIFICATE_SCHEMA_FILE.name}"] = CERTIFICATE_SCHEMA_FILE.read_bytes()
    for head in inputs.heads:
        files |= _build_head_files(head, inputs.public_key, encode_pem)
    files["public-key.pem"] = encode_pem(inputs.public_key)
    files["README.txt"] = render_readme(inputs).encode()
    digests = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    files["SHA256SUMS"] = "".join(digests).encode()
    files["SHA256SUMS.sig"] = b64decode(sign(files["SHA256SUMS"]))
    return files


def select_signed_heads(heads: Sequence[SignedHead], facts: Sequence[Event]) -> list[SignedHead]:
    """Return the first head that covers all facts and the first such head with a timestamp.

    If none covers all facts, return the newest head that covers some.
    """
    if not facts:
        return []
    covering = [head for head in heads if head.seq >= facts[-1].seq]
    timestamped = [head for head in covering if head.anchored_at]
    partial = [head for head in heads if head.seq >= facts[0].seq]
    return list(dict.fromkeys([*covering[:1], *timestamped[:1]] or partial[-1:]))


def _fact_path(row: Event) -> str:
    return f"facts/{row.seq:06}.json"


def _build_head_files(head: SignedHead, public_key: str, encode_pem: Callable[[str], bytes]) -> Mapping[str, bytes]:
    path = f"heads/{head.day}"
    files = {f"{path}.json": encode_head_statement(head), f"{path}.sig": b64decode(head.signature)}
    if head.token:
        files[f"{path}.tsr"] = b64decode(head.token)
    if head.public_key != public_key:
        files[f"{path}.pem"] = encode_pem(head.public_key)
    return files
