"""Read the waybills out of what was typed into the field of the tracking number: one, several, with a label or a link.

Pure. It cuts nothing off: what cannot be read stays as it was typed, as one number that no carrier gets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from bridge.rules.index.carrier_names import AGGREGATORS, CARRIERS
from bridge.rules.index.phone_numbers import count_digits
from bridge.rules.index.waybill_formats import normalise_waybill

_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w@])[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S+", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(
    r"[,;|/\\&\n\r\t]+|\s(?:and|und|et|\+)\s|(?<=[0-9]{10})\s*[-\u2013]\s*(?=[0-9]{10})", re.IGNORECASE
)
_REMARK_BEHIND = re.compile(r"[(\[][^()\[\]]*[)\]]\s*$")  # 14908123456716 (2 pcs)
_DECIMAL_ZEROS = re.compile(r"(?<=[0-9]{10})\.0+$")  # of a number that a spreadsheet wrote
_AROUND_WORDS = " \t\r\n:#=.-\u2013\u2014()[]<>*\"'_~"
_FIRST_WORD = re.compile(r"[^\W\d_]+(?=(\d*))")
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+$")
# words that are no part of a number; "cn" and two-letter country codes are: EE123456785IN
_LABEL_WORDS = frozenset(
    """
    awb awbs awbno hawb mawb air airway bill waybill waybills way tracking trackingno trackingid track trk trackid docket
    docketno consignment consignmentno cnote lr lrn lrno pod shipment parcel package courier couriers carrier ref reference
    no nos num number numbers nr id ids code is the your via by through with from and surface express premium ground cargo
    economy standard priority lite plus logistics services service shipping limited ltd pvt company mode
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_NAME_WORDS = frozenset(
    {name for table in (CARRIERS, AGGREGATORS) for one in table.values() for name in (*one.names, *one.words)}
) | {"blue", "dart", "india", "post", "speed", "ecom", "xpress", "bees", "gati", "kwe", "professional", "nimbus"}
_PEELED_WORDS = _LABEL_WORDS | _NAME_WORDS
_GLUED_DIGITS = 10  # AWB14908123456716: so many digits behind a label are the number; AWB12 may be one itself
_OWN_PREFIXES = frozenset({"sfx", "ats", "tpc", "ups"})  # that a carrier may begin its own numbers with
_MIN_DIGITS = 4  # fewer in one part: the text was not a list of numbers
_QUERY_KEYS = re.compile(r"awb|waybill|track|trk|consignment|cn|num|label|docket|shipment|lr|id$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedWaybill:
    """One number, with the words that stood around it, and the link that it was pasted as."""

    number: str
    label: str = ""
    url: str = ""


def split_waybills(text: str) -> list[TypedWaybill]:
    """Return each number of the field once, in its order; a text without a readable number as it is."""
    if text.isascii() and text.isalnum():  # most are: nothing separates numbers, and it is no link
        whole = _peel(text)
        return [whole if whole.number else TypedWaybill(number=text)]
    clean = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf").strip()
    links = _LINK.findall(clean)
    rest = _LINK.sub(" ", clean).strip()
    typed = [typed for link in links for typed in _read_link(link, rest)]
    if rest.strip(_AROUND_WORDS):
        beside = _read_numbers(rest)
        # words beside a link that names the number are a label, and no second number
        typed += [one for one in beside if not typed or count_digits(one.number) >= _MIN_DIGITS]
    unique: dict[str, TypedWaybill] = {}
    for one in typed:
        unique.setdefault(normalise_waybill(one.number), one)
    return list(unique.values()) or ([TypedWaybill(number=clean)] if clean else [])


def read_link_waybills(url: str) -> list[str]:
    """Return the numbers in a link's query, fragment or path; the first of these places that has one counts."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        pairs = [pair for text in (parts.query, parts.fragment) for pair in parse_qsl(text.lstrip("?/"))]
    except ValueError:  # malformed text such as "http://["
        return []
    named = [value for key, value in pairs if _QUERY_KEYS.search(key)]
    places = (named, [value for _, value in pairs], [parts.fragment], unquote(parts.path).split("/")[::-1])
    for place in places:
        numbers = [one for value in place for one in re.split(r"[,;|\s]+", value) if _is_link_number(one)]
        if numbers:
            return list(dict.fromkeys(numbers))
    return []


def _is_link_number(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9-]{8,40}", text)) and count_digits(text) >= len(text) // 2


def _read_link(link: str, label: str) -> Iterator[TypedWaybill]:
    link = link.rstrip(".,;)>]\"'")
    for number in read_link_waybills(link):
        yield TypedWaybill(number=number, label=label, url=link)


def _read_numbers(text: str) -> list[TypedWaybill]:
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if part.strip()]
    typed = [one for part in parts for one in _split_at_blanks(part)]
    named = [one for one in typed if one.number]
    if len(typed) > 1 and named and all(count_digits(one.number) >= _MIN_DIGITS for one in named):
        label = " ".join(one.label for one in typed if not one.number)  # "AWB/149…": the label is a part of its own
        return [TypedWaybill(number=one.number, label=f"{label} {one.label}".strip()) for one in named]
    whole = _peel(text)
    return [whole if whole.number else TypedWaybill(number=text)]


def _split_at_blanks(part: str) -> list[TypedWaybill]:
    """Return the numbers of a part: blanks are between numbers only where each of them is long enough to be one."""
    words = [word.strip(_AROUND_WORDS) for word in part.split()]
    numbers = [word for word in words if word and word.casefold() not in _PEELED_WORDS]
    if len(numbers) > 1 and all(re.fullmatch(r"[A-Za-z0-9-]{8,}", one) and count_digits(one) > 5 for one in numbers):
        label = " ".join(word for word in words if word not in numbers)
        return [TypedWaybill(number=one, label=label) for one in numbers]
    return [_peel(part)]


def _peel(text: str) -> TypedWaybill:
    """Return the number without the labels and the names of carriers before and behind it."""
    remark = _REMARK_BEHIND.search(text)
    has_remark = remark is not None and count_digits(text[: remark.start()]) > count_digits(remark[0])
    number, label = text.strip(_AROUND_WORDS), list[str]()
    if remark is not None and has_remark:
        number, label = text[: remark.start()].strip(_AROUND_WORDS), [remark[0].strip(_AROUND_WORDS)]
    if ".0" in number:
        number = _DECIMAL_ZEROS.sub("", number)
    while first := _FIRST_WORD.match(number):
        word, digits = first[0].casefold(), first[1]
        is_glued = bool(digits) and (len(digits) < _GLUED_DIGITS or word in _OWN_PREFIXES)
        if word not in _PEELED_WORDS or is_glued:
            break
        label.append(first[0])
        number = number[first.end() :].lstrip(_AROUND_WORDS)
    while not number[-1:].isdecimal() and (last := _LAST_WORD.search(number)) and last[0].casefold() in _PEELED_WORDS:
        label.append(last[0])
        number = number[: last.start()].rstrip(_AROUND_WORDS)
    if number and not count_digits(number):
        return TypedWaybill(number=text.strip())  # "by hand": no number that a label stands around
    return TypedWaybill(number=number, label=" ".join(label))
