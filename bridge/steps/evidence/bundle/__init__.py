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
from bridge.rules.requests.rights.rights_record import RIGHTS_KINDS
from bridge.steps.evidence.bundle.json_tables import (
    BundleInputs,
    build_json_tables,
    dump_table_json,
    has_verified_timestamp,
    is_complete,
    name_head_files,
)
from bridge.steps.evidence.bundle.readme import TIMESTAMP_ROOT_PATH, render_readme

__all__ = [
    "CERTIFICATE_SCHEMA_FILE",
    "BundleInputs",
    "build_evidence_bundle",
    "digest_bundle_contents",
    "select_signed_heads",
]

CERTIFICATE_SCHEMA_FILE = Path(__file__).parent / "schema" / "erasure-certificate.schema.json"
CHECK_SCRIPT_FILE = Path(__file__).parent / "check.sh"
STATEMENT_FORMAT = "evidence-statement/1"


def build_evidence_bundle(
    inputs: BundleInputs, *, sign: Callable[[bytes], str], encode_pem: Callable[[str], bytes]
) -> Mapping[str, bytes]:
    """Return the files by path.

    `sign` returns a signature in base64; `encode_pem` returns a base64 public key as PEM.
    """
    files = _build_tables(inputs)
    files |= {_fact_path(row): encode_event(row) for row in inputs.rows}
    files["CHAIN"] = _list_facts(inputs.rows).encode()
    for path, head in zip(name_head_files(inputs.heads), inputs.heads, strict=True):
        files |= _build_head_files(path, head, inputs.public_key, encode_pem)
    if has_verified_timestamp(inputs):
        files[TIMESTAMP_ROOT_PATH] = inputs.timestamp_roots.encode()
    files["public-key.pem"] = encode_pem(inputs.public_key)
    files["README.txt"] = render_readme(inputs).encode()
    files["check.sh"] = CHECK_SCRIPT_FILE.read_bytes()
    files["SHA256SUMS"] = _list_digests(files).encode()
    files["STATEMENT"] = _build_statement(inputs, files["SHA256SUMS"]).encode()
    return files | {f"{name}.sig": b64decode(sign(files[name])) for name in ("SHA256SUMS", "STATEMENT")}


def digest_bundle_contents(inputs: BundleInputs) -> str:
    """Return the SHA-256 (hex) over the request's facts, its tables and its certificate, as the lists in the bundle name them.

    The fact of the export holds it, so that no table can be changed without another chain.
    """
    return hashlib.sha256((_list_facts(inputs.facts) + _list_digests(_build_tables(inputs))).encode()).hexdigest()


def _build_tables(inputs: BundleInputs) -> dict[str, bytes]:
    """Return the tables, and the certificate if there is one."""
    files = {name: dump_table_json(table) for name, table in build_json_tables(inputs).items()}
    if inputs.certificate is not None:
        unsigned = {name: value for name, value in inputs.certificate.items() if name != "signature"}
        files["certificate.json"] = encode_canonical_json(unsigned)
        files["certificate.sig"] = b64decode(inputs.certificate["signature"]["value"])
        if inputs.request.kind not in RIGHTS_KINDS:  # a record of other rights is no certificate of erasure
            files[f"schema/{CERTIFICATE_SCHEMA_FILE.name}"] = CERTIFICATE_SCHEMA_FILE.read_bytes()
    return files


def _list_facts(rows: Sequence[Event]) -> str:
    return "".join(f"{row.prev_hash} {row.hash} {_fact_path(row)}\n" for row in rows)


def _list_digests(files: Mapping[str, bytes]) -> str:
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))


def _build_statement(inputs: BundleInputs, sums: bytes) -> str:
    """Return what the bridge signs about the bundle as a whole: one name and its value on each line."""
    first, last = inputs.rows[0], inputs.rows[-1]
    own = sum(row.request_id == inputs.request.id for row in inputs.rows)
    values = {
        "format": STATEMENT_FORMAT,
        "request": inputs.request.id,
        "first": f"{first.seq} {first.hash}",
        "last": f"{last.seq} {last.hash}",
        "facts": f"{own} of {len(inputs.rows)}",
        "complete": "yes" if is_complete(inputs) else "no",
        "sums": hashlib.sha256(sums).hexdigest(),
    }
    return "".join(f"{name} {value}\n" for name, value in values.items())


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


def _build_head_files(
    path: str, head: SignedHead, public_key: str, encode_pem: Callable[[str], bytes]
) -> Mapping[str, bytes]:
    files = {f"{path}.json": encode_head_statement(head), f"{path}.sig": b64decode(head.signature)}
    if head.token:
        files[f"{path}.tsr"] = b64decode(head.token)
    if head.public_key != public_key:
        files[f"{path}.pem"] = encode_pem(head.public_key)
    return files
