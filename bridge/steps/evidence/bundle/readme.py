"""README.txt of a bundle: what is in it, how to check it with a shell alone, what that proves and what not. Pure.

Commands are the lines that begin with four blanks; a test runs them as they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.model import SignedHead
    from bridge.steps.evidence.bundle import BundleInputs

VERIFY_COMMAND = "openssl pkeyutl -verify -pubin -inkey {key} -rawin -in {name} -sigfile {sig}"
CHAIN_CHECK_SCRIPT = """\
    ( last=
      while read -r before hash file; do
        found=$( (printf %s "$before"; cat "$file") | sha256sum | cut -c 1-64 )
        [ "$found" = "$hash" ] || {{ echo "BAD: $file"; exit 1; }}
{joined}        last=$hash
      done < CHAIN
      echo "every fact has its hash" )
"""
CHAIN_LINK_CHECK = (
    '        [ -z "$last" ] || [ "$before" = "$last" ] || { echo "GAP before $file"; exit 1; }\n'
)


def render_readme(inputs: BundleInputs) -> str:
    """The text."""
    return "\n".join(
        [
            f"Evidence of privacy request {inputs.request.id}",
            "=" * 46,
            "",
            *_render_contents(inputs),
            *_render_file_check(),
            *_render_certificate_check(inputs),
            *_render_fact_check(inputs),
            *_render_head_check(inputs),
            *_render_limits_of_proof(),
        ]
    )


def _render_contents(inputs: BundleInputs) -> list[str]:
    return [
        "01_receipt ... 11_software   what was asked, when, decided and done; no person is named",
        "certificate.json, .sig       the certificate of erasure (item 9), as it was signed; its schema"
        if inputs.certificate
        else "(no certificate: this request is no erasure, or is not answered yet)",
        "facts/, CHAIN                each fact as it was hashed; CHAIN: hash before, hash, file",
        "heads/                       the end of the whole chain, signed once a day",
        "public-key.pem               Ed25519, checks every signature here",
        "SHA256SUMS, .sig             all files, signed when this bundle was made",
        "",
        "Needed: bash, sha256sum, cut, grep, and openssl 3.0 or newer. Unpack, go into the folder, and type the",
        "lines that begin with four blanks. Each must end without an error.",
        "",
    ]


def _render_file_check() -> list[str]:
    return [
        "1. The files are those of the bundle",
        "",
        "    sha256sum --quiet --strict --check SHA256SUMS",
        "    " + VERIFY_COMMAND.format(key="public-key.pem", name="SHA256SUMS", sig="SHA256SUMS.sig"),
        "",
        "A signature is worth as much as its key. Compare the key with one that you have from an earlier export or",
        "from the merchant by another way:",
        "",
        "    openssl pkey -pubin -in public-key.pem -outform DER | sha256sum",
        "",
    ]


def _render_certificate_check(inputs: BundleInputs) -> list[str]:
    if not inputs.certificate:
        return []
    return [
        "2. The certificate was signed by the bridge (with the key of its day: where the merchant has another key",
        "since, put the key of an earlier export in the place of public-key.pem)",
        "",
        "    " + VERIFY_COMMAND.format(key="public-key.pem", name="certificate.json", sig="certificate.sig"),
        "",
    ]


def _render_fact_check(inputs: BundleInputs) -> list[str]:
    has_every_row = len(inputs.rows) > len(inputs.facts)
    between = (
        "Facts of other requests stand between them, so that each hash is that of the fact before."
        if has_every_row
        else "Between two of them others may stand that are not in this bundle: `dsr evidence --to-head` adds them."
    )
    return [
        "3. Each fact has the hash that the chain says",
        "",
        CHAIN_CHECK_SCRIPT.format(joined=CHAIN_LINK_CHECK if has_every_row else ""),
        between,
        "",
    ]


def _render_head_check(inputs: BundleInputs) -> list[str]:
    if not inputs.heads:
        return [
            "4. No head of the chain was signed since. It is, once a day: take the bundle again tomorrow.",
            "",
        ]
    covered = ", ".join(f"{head.day}: all rows up to {head.seq}" for head in inputs.heads)
    lines = [f"4. The head of the chain was signed ({covered})", ""]
    for head in inputs.heads:
        path = f"heads/{head.day}"
        key = "public-key.pem" if head.public_key == inputs.public_key else f"{path}.pem"
        lines.append("    " + VERIFY_COMMAND.format(key=key, name=f"{path}.json", sig=f"{path}.sig"))
        if any(row.seq == head.seq for row in inputs.rows):
            found = f"$(grep facts/{head.seq:06}.json CHAIN | cut -d ' ' -f 2)"
            lines.append(f'    grep -q "\\"hash\\":\\"{found}\\"" {path}.json')
    lines += ["", *(line for head in inputs.heads if head.token for line in _render_timestamp_check(head))]
    return lines


def _render_timestamp_check(head: SignedHead) -> list[str]:
    return [
        f"A timestamp authority saw the head of {head.day}. With the authority's certificate (ca.pem, from its own site):",
        "",
        f"  openssl ts -verify -data heads/{head.day}.json -in heads/{head.day}.tsr -CAfile ca.pem",
        f"  openssl ts -reply -in heads/{head.day}.tsr -text",
        "",
    ]


def _render_limits_of_proof() -> list[str]:
    return [
        "What this proves: that whoever holds the key signed these words, that no file was changed since, and that",
        "each fact is the one whose hash the chain carries. A signed head that you kept yourself, or one with a",
        "timestamp, proves that the facts up to its row stood as they are on that day.",
        "",
        "What it does not prove: that the facts were true when they were written, or that nothing was left out before",
        "it was written. Who holds the key and the database can write another chain; he cannot make it fit a head that",
        "left the house, or a timestamp. A processor's answer is its own word.",
        "",
    ]
