"""Verifiers of the secrets that people type: argon2id (RFC 9106), each with a salt and its parameters in itself."""

from __future__ import annotations

import os

# the second recommendation of RFC 9106 section 4, with less memory for small machines, and one lane
ITERATIONS, MEMORY_KIB, LANES, LENGTH, SALT_BYTES = 3, 32_768, 1, 32, 16


def derive_verifier(secret: str) -> str:
    """Return what is stored of a secret: it cannot be turned back into it."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415 - slow to import

    salt = os.urandom(SALT_BYTES)
    function = Argon2id(salt=salt, length=LENGTH, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return function.derive_phc_encoded(secret.encode())


def is_secret_right(secret: str, verifier: str) -> bool:
    """Return whether this is the secret of a verifier; compared in constant time. '' is the verifier of nobody: as slow."""
    from cryptography.exceptions import InvalidKey  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415

    if not verifier:
        derive_verifier(secret)
        return False
    try:
        Argon2id.verify_phc_encoded(secret.encode(), verifier)
    except InvalidKey:
        return False
    return True
