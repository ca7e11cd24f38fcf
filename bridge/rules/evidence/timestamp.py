"""Build requests to a timestamp authority (RFC 3161), and decide whether a response answers a request. Pure.

Reads what the response says: granted, about this digest, with this nonce. It does not check the authority's own
signature: that needs its certificate, and `openssl ts -verify` does it for whoever relies on the token.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.rules.evidence import der

SHA256_OID = bytes.fromhex("0609608648016503040201")  # 2.16.840.1.101.3.4.2.1
SIGNED_DATA_OID = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
TST_INFO_OID = bytes.fromhex("2a864886f70d0109100104")  # 1.2.840.113549.1.9.16.1.4
GRANTED_STATUSES = (0, 1)  # PKIStatus: granted, granted with modifications


def build_timestamp_request(digest: bytes, nonce: int) -> bytes:
    """Return a TimeStampReq for a SHA-256 digest that asks for the authority's certificate too."""
    algorithm = der.encode_der_value(der.SEQUENCE, SHA256_OID, der.encode_der_value(der.NULL))
    imprint = der.encode_der_value(der.SEQUENCE, algorithm, der.encode_der_value(der.OCTET_STRING, digest))
    wants_certificate = der.encode_der_value(der.BOOLEAN, b"\xff")
    return der.encode_der_value(
        der.SEQUENCE, der.encode_der_integer(1), imprint, der.encode_der_integer(nonce), wants_certificate
    )


def is_timestamp_granted(response: bytes) -> bool:
    """Return True where a TimeStampResp grants. Raises ValueError where it cannot be read."""
    status, *_ = der.unwrap_der_value(response, der.SEQUENCE)
    (tag, number), *_ = der.read_der_values(status[1])
    if status[0] != der.SEQUENCE or tag != der.INTEGER:
        raise ValueError("timestamp: no status")
    return int.from_bytes(number, signed=True) in GRANTED_STATUSES


def read_timestamp(response: bytes, *, digest: bytes, nonce: int) -> datetime:
    """Return the moment that a granted TimeStampResp gives this digest.

    Raises ValueError where it cannot be read, is about another digest, or answers another request.
    """
    try:
        imprint, moment, nonces = _parse_tst_info(response)
        [(_, algorithm), (_, imprinted)] = der.read_der_values(imprint)
        is_same_digest = algorithm.startswith(SHA256_OID) and imprinted == digest
    except (IndexError, TypeError) as fault:
        raise ValueError("timestamp: not of its form") from fault
    if not is_same_digest:
        raise ValueError("timestamp: about something else")
    if nonce not in nonces:
        raise ValueError("timestamp: the answer to another question")
    return datetime.strptime(moment.decode("ascii")[:14] + "+0000", "%Y%m%d%H%M%S%z").astimezone(UTC)


def _parse_tst_info(response: bytes) -> tuple[bytes, bytes, list[int]]:
    """Return imprint, moment and the whole numbers after it: TSTInfo inside of CMS."""
    _, (_, token) = der.unwrap_der_value(response, der.SEQUENCE)
    kind, (_, wrapped) = der.read_der_values(token)
    signed = der.unwrap_der_value(wrapped, der.SEQUENCE)
    content_kind, (_, content) = der.read_der_values(signed[2][1])
    if kind[1] != SIGNED_DATA_OID or content_kind[1] != TST_INFO_OID:
        raise ValueError("timestamp: not of its form")
    [(_, octets)] = der.read_der_values(content)
    fields = der.unwrap_der_value(octets, der.SEQUENCE)
    return fields[2][1], fields[4][1], [int.from_bytes(part) for tag, part in fields[5:] if tag == der.INTEGER]
