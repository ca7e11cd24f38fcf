"""Read and write DER (ITU-T X.690), as much of it as timestamps need.

Pure. Knows tag, length and content, and no type but the whole number. Indefinite lengths (BER) and tags of several
bytes are refused.
"""

from __future__ import annotations

from collections.abc import Iterator

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, SEQUENCE, GENERALIZED_TIME = (0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x18)
BOOLEAN = 0x01
EXPLICIT_TAG_0 = 0xA0
LONG_LENGTH_FLAG = 0x80


def encode_der_value(tag: int, *parts: bytes) -> bytes:
    """Return one value whose content is these parts, one after the other."""
    content = b"".join(parts)
    size = len(content)
    if size < LONG_LENGTH_FLAG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, LONG_LENGTH_FLAG | len(length)]) + length + content


def encode_der_integer(number: int) -> bytes:
    """Return a whole number that is not negative, encoded."""
    return encode_der_value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def read_der_values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the values one after the other as (tag, content). Raises ValueError where one is cut or not DER."""
    position = 0
    while position < len(data):
        if len(data) < position + 2 or data[position] & 0x1F == 0x1F:
            raise ValueError("der: cut short, or a long tag")
        tag, size, position = data[position], data[position + 1], position + 2
        if size == LONG_LENGTH_FLAG:
            raise ValueError("der: the length is indefinite")
        if size > LONG_LENGTH_FLAG:
            count = size - LONG_LENGTH_FLAG
            size, position = int.from_bytes(data[position : position + count]), position + count
        if position + size > len(data):
            raise ValueError("der: cut short")
        yield tag, data[position : position + size]
        position += size


def unwrap_der_value(data: bytes, tag: int) -> list[tuple[int, bytes]]:
    """Return what is in the first value, which must have this tag. Raises ValueError."""
    for found_tag, content in read_der_values(data):
        if found_tag != tag:
            break
        return list(read_der_values(content))
    raise ValueError(f"der: not {tag:#04x}")
