"""Verify that a body was signed by Shopify.

Never parses, never logs, never lets another error leave: whatever the header holds, the answer is
`SignatureInvalid`. Only the body is signed (topic, shop and ids travel in headers that are not): what the
headers say is checked against path and body by `topics.py`.
Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https (base64 of HMAC-SHA256 over the raw body).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from bridge.errors import SignatureInvalid


def sign_webhook(raw: bytes, secret: bytes) -> str:
    """Return the header that Shopify would send for these bytes: base64(HMAC-SHA256)."""
    return base64.b64encode(hmac.digest(secret, raw, hashlib.sha256)).decode()


def find_signing_secret(raw: bytes, header: str | None, secrets: Sequence[bytes]) -> int:
    """Return the index of the secret that signed `raw`.

    Every secret is tried and compared in constant time, as bytes: a header of text that is not ASCII must
    fail like any other. The header is compared as Shopify spells it, so a second base64 spelling of the same
    digest fails too. Raises SignatureInvalid (`missing`, `mismatch`) and nothing else.
    """
    if not header:
        raise SignatureInvalid("missing")
    given_signature = header.encode("utf-8", "surrogatepass")
    matched = -1
    for index, secret in enumerate(secrets):
        if secret and hmac.compare_digest(sign_webhook(raw, secret).encode(), given_signature) and matched < 0:
            matched = index
    if matched < 0:
        raise SignatureInvalid("mismatch")
    return matched
