"""What is stored of a secret token, so that nobody who reads the database can use it."""

from __future__ import annotations

import hashlib


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token as hexadecimal digits: of 256 random bits a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
