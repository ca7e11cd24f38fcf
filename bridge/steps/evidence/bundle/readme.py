"""Render README.txt of a bundle: its contents, how to check them with a shell, what that proves and what not. Pure.

Commands are the lines that begin with four blanks; a test runs them unchanged.
"""

from __future__ import annotations

from bridge.model import SignedHead
from bridge.rules.requests.rights.rights_record import RIGHTS_KINDS
from bridge.steps.evidence.bundle.json_tables import BundleInputs, is_complete, name_head_files

TIMESTAMP_ROOT_PATH = (
    "heads/timestamp-root.pem"  # in this folder, where earlier copies of check.sh expect other .pem files
)
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
CHAIN_LINK_CHECK = '        [ -z "$last" ] || [ "$before" = "$last" ] || { echo "GAP before $file"; exit 1; }\n'
FILE_CHECK = f"""\
1. The files are those of the bundle

    sha256sum --quiet --strict --check SHA256SUMS
    {VERIFY_COMMAND.format(key="public-key.pem", name="SHA256SUMS", sig="SHA256SUMS.sig")}

A signature proves no more than its key does. Compare the key with one from an earlier export, or with one
that the merchant sent you in another way:

    openssl pkey -pubin -in public-key.pem -outform DER | sha256sum
"""
CERTIFICATE_CHECK = f"""\
2. The certificate was signed by the bridge (with the key of that day: if the merchant has changed the key
since, replace public-key.pem with the key of an earlier export)

    {VERIFY_COMMAND.format(key="public-key.pem", name="certificate.json", sig="certificate.sig")}
"""
CHECK_SCRIPT_GUIDE = """\
Check everything at once (needs bash 4, sha256sum and openssl 3.0 or newer, nothing else), in this folder:

  bash check.sh --key FINGERPRINT --head HASH --root FILE

FINGERPRINT is the SHA-256 of the signing key; the merchant publishes it at /processors and in its letters.
HASH is the hash of a signed head that you keep: `evidence sign-head` signs one while you watch. FILE
holds the root certificate of the timestamp authority, from its own site. Without these it checks the rest,
and says what that leaves open.

It ends with 0: nothing is wrong and nothing is missing; 1: something is wrong, and a sentence says what;
2: it could not be checked; 3: nothing is wrong, but the bundle does not show that no fact was left out.
Whoever forges a bundle can forge the script in it: use one that you trust, it is the same in every bundle.

"""
LIMITS_WITHOUT_HEAD = """\
THIS BUNDLE CANNOT PROVE THAT IT IS COMPLETE. It has the facts of this request alone, so nothing shows what
stands between them, and no signed head covers its end. `dsr evidence --to-head` makes one that does.

"""
LIMITS_OF_PROOF = """\
What this proves: the holder of the key signed these files, no file was changed since, and each fact is the
one whose hash is in the chain. A signed head that you stored yourself, or one with a timestamp, proves that
the facts up to its row existed unchanged on that day.

What it does not prove: that the facts were true when they were written, or that none was omitted. Someone
who holds the key and the database can write another chain, but cannot make it match a head that was given
away before, or a timestamp. A processor's answer is the processor's own statement.
"""
VERIFIED_TIMESTAMP = f"""\
A timestamp authority signed at {{at}} that it saw the head of {{day}}. The bridge verified its
signature, and so can you, with the root certificate in this bundle. That proves no more than the certificate
does: compare {TIMESTAMP_ROOT_PATH} with the one on the authority's own site.
"""
UNVERIFIED_TIMESTAMP = """\
A timestamp of {at} for the head of {day}. ITS SIGNATURE WAS NOT VERIFIED: the bridge was given no root
certificate of the authority. With that certificate (ca.pem, from the authority's own site):
"""


def render_readme(inputs: BundleInputs) -> str:
    """Return the text of README.txt."""
    return "\n".join(
        [
            f"Evidence of privacy request {inputs.request.id}",
            "=" * 46,
            "",
            *_render_contents(inputs),
            FILE_CHECK,
            *([CERTIFICATE_CHECK] if inputs.certificate else []),
            *_render_fact_check(inputs),
            *_render_head_check(inputs),
            LIMITS_OF_PROOF,
        ]
    )


def _name_certificate(inputs: BundleInputs) -> str:
    if inputs.request.kind in RIGHTS_KINDS:
        return "record of what was asked and done, as it was signed"
    return "certificate of erasure (item 9), as it was signed; its schema"


def _render_contents(inputs: BundleInputs) -> list[str]:
    return [
        "01_receipt ... 12_electronic_record   what was requested, decided and done, and when; no person is named",
        f"certificate.json, .sig       the {_name_certificate(inputs)}"
        if inputs.certificate
        else "(no certificate: this request is no erasure, or is not answered yet)",
        "facts/, CHAIN                each fact as it was hashed; CHAIN lists previous hash, hash, file",
        "heads/                       the end of the whole chain, signed once a day",
        "public-key.pem               Ed25519, checks every signature here",
        "SHA256SUMS, .sig             all files, signed when this bundle was made",
        "STATEMENT, .sig              request, first and last fact, counts; signed when this bundle was made",
        "check.sh                     checks all of this",
        "",
        *CHECK_SCRIPT_GUIDE.splitlines(),
        *("" if is_complete(inputs) else LIMITS_WITHOUT_HEAD).splitlines(),
        "Part of it by hand. Needed: bash, sha256sum, cut, grep, and openssl 3.0 or newer. Unpack, go into the",
        "folder, and type the lines that begin with four blanks. Each must end without an error.",
        "",
    ]


def _render_fact_check(inputs: BundleInputs) -> list[str]:
    has_every_row = is_complete(inputs)
    between = (
        "Facts of other requests are included between them, so that each fact names the hash of the previous one."
        if has_every_row
        else "Facts of other requests between them are not in this bundle: `dsr evidence --to-head` adds them."
    )
    return [
        "3. Each fact has the hash that the chain lists",
        "",
        CHAIN_CHECK_SCRIPT.format(joined=CHAIN_LINK_CHECK if has_every_row else ""),
        between,
        "",
    ]


def _render_head_check(inputs: BundleInputs) -> list[str]:
    if not inputs.heads:
        line = "4. No head of the chain was signed since. It is signed once a day: export the bundle again tomorrow."
        return [line, ""]
    covered = ", ".join(f"{head.day}: all rows up to {head.seq}" for head in inputs.heads)
    lines = [f"4. The head of the chain was signed ({covered})", ""]
    paths = name_head_files(inputs.heads)
    for path, head in zip(paths, inputs.heads, strict=True):
        key = "public-key.pem" if head.public_key == inputs.public_key else f"{path}.pem"
        lines.append("    " + VERIFY_COMMAND.format(key=key, name=f"{path}.json", sig=f"{path}.sig"))
        if any(row.seq == head.seq for row in inputs.rows):
            found = f"$(grep facts/{head.seq:06}.json CHAIN | cut -d ' ' -f 2)"
            lines.append(f'    grep -q "\\"hash\\":\\"{found}\\"" {path}.json')
    lines += [
        "",
        *(
            line
            for path, head in zip(paths, inputs.heads, strict=True)
            if head.token
            for line in _render_timestamp_check(path, head, has_root=bool(inputs.timestamp_roots))
        ),
    ]
    return lines


def _render_timestamp_check(path: str, head: SignedHead, *, has_root: bool) -> list[str]:
    """Return how to verify a timestamp as of the time that it attests: the authority's certificates may have ended since."""
    attested = head.anchored_at or head.signed_at
    command = f"openssl ts -verify -attime {attested.timestamp():.0f} -data {path}.json -in {path}.tsr -CAfile "
    return [
        *(VERIFIED_TIMESTAMP if has_root else UNVERIFIED_TIMESTAMP)
        .format(day=head.day, at=attested.isoformat())
        .splitlines(),
        "",
        f"    {command}{TIMESTAMP_ROOT_PATH}" if has_root else f"  {command}ca.pem",
        f"  openssl ts -reply -in {path}.tsr -text",
        "",
    ]
