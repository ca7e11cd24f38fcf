"""Sealing, pseudonyms, signatures: the only importer of `cryptography`.

Sealed bytes are `1 | length of key id | key id | nonce (12) | AES-256-GCM ciphertext`. The AAD names table, row, column
and shop, so a value that was moved to another row does not open. Keys are set in the environment, apart from the data;
a data subject's data key is stored wrapped by the keyring and destroyed with the erasure. Never logs or returns a key.
`cryptography` is imported with the first value that is sealed, opened or signed: a command that lists rows needs none of it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hmac import HMAC

from bridge.errors import KeyMissing, SealBroken
from bridge.rules.index.identity import list_former_forms, list_normal_forms, normalise_identifier

FORMAT_VERSION = b"\x01"
NONCE_BYTES = 12
PSEUDONYM_BYTES = 16
MAX_FIELD_KEYS = 8192  # kept derived: two fields of thousands of shops


def build_header(key_id: str) -> bytes:
    """Return the first bytes of everything that this key sealed."""
    name = key_id.encode()
    return FORMAT_VERSION + bytes([len(name)]) + name


def parse_key_id(sealed: bytes) -> str:
    """Return the id of the key in a sealed value, or in its beginning; '?' where it is no sealed value."""
    if sealed[:1] != FORMAT_VERSION or len(sealed) < 2:
        return "?"
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


@cache
def _load_cipher_class() -> type[AESGCM]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - slow to import

    return AESGCM


def _make_cipher(key: bytes) -> AESGCM:
    return _load_cipher_class()(key)


def _load_invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - slow to import

    return InvalidTag


def _derive_key(pseudonym_key: bytes, name: str) -> bytes:
    """Return the key of this name (HKDF, RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=name.encode()).derive(pseudonym_key)


def _key_hmac(key: bytes) -> HMAC:
    """Return an HMAC-SHA256 that has taken its key. A copy of it costs less than half of one that takes the key anew."""
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.hmac import HMAC  # noqa: PLC0415

    return HMAC(key, SHA256())


class Keyring:
    """The sealing keys, one pseudonym key, one evidence key."""

    def __init__(self, keys: Sequence[tuple[str, bytes]], pseudonym_key: bytes, evidence_seed: bytes) -> None:
        """Take `keys` as (id, 32 bytes), the active key first. Raises KeyMissing where a key is missing."""
        if not keys or not pseudonym_key or not evidence_seed:
            raise KeyMissing("BRIDGE_KEYS, BRIDGE_PSEUDONYM_KEY and BRIDGE_EVIDENCE_KEY must be set")
        self._keys = dict(keys)
        self._active_key_id = keys[0][0]
        self._evidence_seed = evidence_seed
        self._field_hmac = lru_cache(maxsize=MAX_FIELD_KEYS)(lambda name: _key_hmac(_derive_key(pseudonym_key, name)))

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {key_id: _make_cipher(key) for key_id, key in self._keys.items()}

    @cached_property
    def _signer(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

        return Ed25519PrivateKey.from_private_bytes(self._evidence_seed)

    @property
    def active_key_id(self) -> str:
        """Return the id of the key that seals now."""
        return self._active_key_id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of all keys that can open, the active one first."""
        return tuple(self._keys)

    def reseal(self, sealed: bytes, aad: str) -> bytes:
        """Return the same value sealed under the active key, opened once more before it is returned.

        Only for what the keyring sealed: raises KeyMissing for any other key, SealBroken as `open`.
        """
        plain = self.open(sealed, aad)
        resealed = self.seal(plain, aad)
        if self.open(resealed, aad) != plain:
            raise SealBroken("a value that was sealed anew does not open")
        return resealed

    def seal(self, plaintext: bytes, aad: str, *, key_id: str = "", key: bytes = b"") -> bytes:
        """Seal under a data key (`key_id`, `key`) or, without one, under the active key."""
        return self.build_sealer(key_id, key)(plaintext, aad)

    def build_sealer(self, key_id: str = "", key: bytes = b"") -> Callable[[bytes, str], bytes]:
        """Return what seals values, each with its AAD, as `seal` does with one: for several under one key."""
        cipher = _make_cipher(key) if key else self._ciphers[self._active_key_id]
        head = build_header(key_id if key else self._active_key_id)

        def seal(plaintext: bytes, aad: str) -> bytes:
            nonce = os.urandom(NONCE_BYTES)
            return head + nonce + cipher.encrypt(nonce, plaintext, head + aad.encode())

        return seal

    def open(self, sealed: bytes, aad: str, *, find_data_key: Callable[[str], bytes | None] | None = None) -> bytes:
        """Return the value in the clear.

        `find_data_key` returns a data key by id. Raises KeyMissing where the key is gone, SealBroken where the value was
        altered or the AAD is not the one that it was sealed with.
        """
        if sealed[:1] != FORMAT_VERSION or len(sealed) < 2:
            raise SealBroken("unknown format")
        end, key_id = 2 + sealed[1], parse_key_id(sealed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            key = find_data_key(key_id) if find_data_key else None
            if key is None:
                raise KeyMissing(key_id)
            cipher = _make_cipher(key)
        nonce, text = sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, text, sealed[:end] + aad.encode())
        except (_load_invalid_tag(), ValueError):  # ValueError: too short to hold a nonce
            raise SealBroken(f"sealed with {key_id}, does not open in its place") from None

    def pseudonym(self, shop: str, field: str, value: str) -> str:
        """Return the keyed HMAC (hex, 128 bits) of a value's first normal form; '' where there is none.

        Keys are derived per field and shop (HKDF, RFC 5869): the same phone has another pseudonym in another
        shop, and nobody without the key can try out all phones.
        """
        text = normalise_identifier(field, value) if value else ""
        return self._derive_pseudonym(shop, field, text) if text else ""

    def pseudonyms(self, shop: str, field: str, value: str) -> list[str]:
        """Return the pseudonyms of all normal forms of a value: one field may hold two phone numbers."""
        return [self._derive_pseudonym(shop, field, text) for text in list_normal_forms(field, value)]

    def former_pseudonyms(self, shop: str, field: str, value: str) -> list[str]:
        """Return those under which earlier releases stored the value, without the ones of today."""
        return [self._derive_pseudonym(shop, field, text) for text in list_former_forms(field, value)]

    def _derive_pseudonym(self, shop: str, field: str, text: str) -> str:
        return self.digest(f"{field}|{shop}", text.encode("utf-8", "surrogatepass"))[: 2 * PSEUDONYM_BYTES]

    def digest(self, name: str, content: bytes) -> str:
        """Return the keyed HMAC-SHA256 (hex) of any bytes, with a key of its own for each name."""
        keyed = self._field_hmac(name).copy()
        keyed.update(content)
        return keyed.finalize().hex()

    def sign(self, content: bytes) -> str:
        """Return the Ed25519 signature (RFC 8032), base64."""
        return base64.b64encode(self._signer.sign(content)).decode()

    def verify(self, content: bytes, signature: str, public_key: str = "") -> bool:
        """Return True where the evidence key signed this content, or the key of that public half (base64)."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        try:
            key = self._signer.public_key()
            if public_key:
                key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
            key.verify(base64.b64decode(signature), content)
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def public_key(self) -> str:
        """Return the evidence key's public half, base64 of 32 bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - slow to import

        raw = self._signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    @property
    def public_key_fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the evidence key's public half in DER, as `openssl pkey -outform DER` writes it."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - slow to import

        key = self._signer.public_key()
        return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def public_key_pem(self, public_key: str = "") -> bytes:
        """Return the evidence key's public half, or the given one (base64), as openssl reads it (RFC 8410)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - slow to import
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key or self.public_key))
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
