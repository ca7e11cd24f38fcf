"""Read the e-mail addresses of a field that people filled in: many spellings of an address give one form.

Pure. Read are case, invisible characters, blanks, full-width characters, `mailto:`, `Name <address>`, comments, dots at
the end, several addresses in one field, and international domains, whose Unicode and punycode (RFC 3492) are one.
Dots and plus tags before the @ are kept: by the standard (RFC 5321 section 2.3.11) only the host knows what they mean,
and elsewhere than at Gmail they are other people's mailboxes.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

USUAL_FORM = re.compile(r"[a-z0-9._+-]{1,64}@(?:(?!xn--)[a-z0-9-]{1,63}\.)+[a-z]{2,63}")
MAX_DOMAIN_LABEL = 63
FULL_STOPS = str.maketrans(dict.fromkeys("\N{IDEOGRAPHIC FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}", "."))
AT_SIGNS = str.maketrans(dict.fromkeys("\N{FULLWIDTH COMMERCIAL AT}\N{SMALL COMMERCIAL AT}", "@"))
QUOTES = "'\"`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
INVISIBLE = "\N{COMBINING GRAPHEME JOINER}" + "".join(map(chr, range(0xFE00, 0xFE10)))  # with variation selectors
LABEL = re.compile(r"\b(?:mailto|e-?mail|mail)[ ]*:[ ]*", re.IGNORECASE)
COMMENT = re.compile(r"\([^()]*\)")
NAMED_ADDRESS = re.compile(r'(?:"[^"<>]*"|[^<>,;"])*<([^<>]*)>')


def read_email_addresses(value: str) -> tuple[tuple[str, ...], bool]:
    """Return the normal forms of the addresses, each once, and whether nothing in the field was left unread."""
    if USUAL_FORM.fullmatch(value):
        return (value,), True
    text = "".join(map(_drop_invisible, value)).translate(AT_SIGNS)
    if "mailto:" in text.lower():
        text = unquote(re.sub(r"\?\S*", "", text))
    text = COMMENT.sub(" ", LABEL.sub(" ", text))
    text = re.sub(r" *@ *", "@", NAMED_ADDRESS.sub(r", \1 ,", text))
    addresses: list[str] = []
    is_read = True
    for part in re.split(r"[,;|]", text):
        words = [word for word in _split_address_words(part) if word.strip(QUOTES + "./")]
        forms = [_normalise_address(word) for word in words]
        # as ha@example.com: the word before an address may be its beginning, and the rest another person's
        addresses += forms if all(forms) else []
        is_read = is_read and all(forms)
    return tuple(dict.fromkeys(addresses)), is_read and bool(addresses)


def _split_address_words(text: str) -> list[str]:
    """Return the words; a slash is a part of one address and parts two."""
    words = text.split(" ")
    return [part for word in words for part in (word.split("/") if word.count("@") > 1 else [word])]


def _drop_invisible(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category.startswith("Z"):
        return " "
    is_invisible = category in ("Cc", "Cf") or character in INVISIBLE
    return "" if is_invisible else character


def _normalise_address(word: str) -> str:
    """Return the normal form of one address; '' if the word is none."""
    if word[0] in QUOTES and word[-1] in QUOTES:
        word = word.strip(QUOTES)
    local, _, domain = _fold(word).rpartition("@")
    domain = ".".join(map(_decode_domain_label, domain.translate(FULL_STOPS).strip(".").split(".")))
    local = local.strip('"') if re.fullmatch(r'"[^"@]+"', local) else local
    if not local or not domain or re.search(r'["<>()@:\\]', local + domain):
        return ""
    return f"{local}@{domain}"


def _fold(text: str) -> str:
    """Return the text in NFKC and without case; folding may undo the normalisation, so it is repeated."""
    for _ in range(3):
        text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", text)


def _decode_domain_label(label: str) -> str:
    """Return a label of a domain in Unicode; one that is no valid punycode stays as it is."""
    if not label.startswith("xn--") or len(label) > MAX_DOMAIN_LABEL:
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    # the punycode of ASCII, or of what is not in normal form, is no name that can be registered
    return label if decoded.isascii() or unicodedata.normalize("NFKC", decoded).lower() != decoded else _fold(decoded)


def encode_email_domain(address: str) -> str:
    """Return a normal form with its domain in punycode."""
    local, _, domain = address.rpartition("@")
    labels = [label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in domain.split(".")]
    return f"{local}@{'.'.join(labels)}"
