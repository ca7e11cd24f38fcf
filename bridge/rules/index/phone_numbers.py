"""Read the telephone numbers of a field that people filled in: many spellings of a number give one E.164 form.

Pure. Read are trunk zeros and country codes that were typed twice, words and brackets around a number, extensions, what
a spreadsheet makes of a number, digits of any script, and several numbers in one field. A number without a country
code is Indian, like the merchant. A spelling that has two readings gives both: one person is found by either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

DEFAULT_PHONE_REGION, DEFAULT_COUNTRY_CODE = "IN", "91"
INDIAN_MOBILE_FORM = re.compile(r"\+91[6-9][0-9]{9}")  # as Shopify gives most
MIN_DIGITS, MAX_DIGITS = 5, 15  # fewer than five are no number but a floor or a year; fifteen is the limit of E.164
MAX_RUN_DIGITS = 60  # four numbers
MOBILE_DIGITS = 10
# 0091 91 0…: whatever is typed before the ten digits of a mobile number; 011 is dialled in America to call abroad
REPEATED_INDIAN_PREFIX = re.compile(r"(?:011)?(?:0|91)*([6-9][0-9]{9})")
SCIENTIFIC = re.compile(r"\+?([0-9])[.,]([0-9]{5,14})[eE]\+?0?([0-9]{1,2})(?![0-9])")
DECIMAL_ZEROS = re.compile(r"(?<![0-9.,])(\+?[0-9]{7,15}|[0-9]{1,3}(?:,[0-9]{2,3}){2,4})\.0{1,6}(?![0-9])")
LIST_MARK = re.compile(r"(?<![0-9(+.-])[0-9][).][ \t]+(?=[+(0-9])")
EXTENSION = re.compile(
    r"(?:;ext=|\b(?:ext(?:ensio)?n?|xtn|x|int)\b[.:]?|#)\s*[0-9]{1,6}(?![ \t-]*[0-9])|(?<=[0-9])x[0-9]{1,6}\b",
    re.IGNORECASE,
)
PHONE_CONTEXT = re.compile(r"tel:([0-9().-]+);phone-context=(\+[0-9]+)", re.IGNORECASE)  # RFC 3966
SEPARATORS = re.compile(r"[/,;|&\n\\]|\b(?:or|and)\b", re.IGNORECASE)


def read_phone_numbers(value: str) -> tuple[tuple[str, ...], bool]:
    """Return the numbers of a field in E.164, each once, and whether nothing that may be a number was left unread."""
    if INDIAN_MOBILE_FORM.fullmatch(value):
        return (value,), True
    text = _simplify_text(value)
    numbers, is_read = _read_runs(_split_parts(text))
    if not is_read and SEPARATORS.search(text):
        joined, is_joined_read = _read_runs([SEPARATORS.sub("", text)])  # 98444/44441; 9,844,444,441
        if is_joined_read:
            numbers, is_read = joined, True
    return tuple(dict.fromkeys(numbers)), is_read


def _split_parts(text: str) -> Iterator[str]:
    """Yield what separators part; a country or area code that stands alone belongs to what follows: 080/23456789."""
    code = ""
    for part in SEPARATORS.split(text):
        if re.fullmatch(r"[ \t(]*(?:\+|0)[0-9 \t)]{1,5}", part):
            code += part
            continue
        yield code + part
        code = ""
    yield code


def _simplify_text(value: str) -> str:
    """Return the text with ASCII digits, plus signs, dashes and blanks, without invisible characters and extensions."""
    text = "".join(map(_simplify_phone_character, value))
    text = PHONE_CONTEXT.sub(r"\2 \1", text)
    text = SCIENTIFIC.sub(_expand_scientific, text)
    return LIST_MARK.sub(" ", EXTENSION.sub(" ", DECIMAL_ZEROS.sub(r"\1", text)))


@lru_cache(maxsize=1024)
def _simplify_phone_character(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    category = unicodedata.category(character)
    plain = unicodedata.normalize("NFKC", character)
    if digit is not None:
        simple = str(digit)
    elif category in ("Cf", "Mn", "Me"):  # zero width, direction, variation
        simple = ""
    elif category == "Pd" or character in "\N{MINUS SIGN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}\N{HYPHEN BULLET}":
        simple = "-"
    elif category.startswith("Z"):
        simple = "\n" if category in ("Zl", "Zp") else " "
    elif character in "\N{IDEOGRAPHIC COMMA}\N{FRACTION SLASH}\N{DIVISION SLASH}":
        simple = "/"
    else:
        simple = plain if plain.isascii() and not plain.isdigit() else character
    return simple


def _expand_scientific(match: re.Match[str]) -> str:
    """Return the number if all its digits are there; else words in its place, because its last digits are lost."""
    exponent, digits = int(match[3]), match[1] + match[2]
    if len(digits.rstrip("0")) > exponent + 1 or len(digits) < exponent + 1:
        return "(rounded) 000000000000000000000000000000000000000000000000000000000000000000"
    return str(int(Decimal(f"{match[1]}.{match[2]}E{exponent}")))


def _read_runs(parts: Iterable[str]) -> tuple[list[str], bool]:
    """Return the numbers between words, and whether there are any and no run of digits was left unread."""
    numbers: list[str] = []
    unread_digits = 0
    for run in (run for part in parts for run in re.findall(r"[0-9+()\[\]. \t\r_-]+", part)):
        for piece in _split_at_plus(run):
            found = _read_run(piece)
            numbers += found
            unread_digits += 0 if found else count_digits(piece)
    return numbers, bool(numbers) and unread_digits < MIN_DIGITS


def _split_at_plus(run: str) -> Iterator[str]:
    """Yield the parts of a run that begin with a plus sign, without a country code that is repeated after it."""
    parts = re.split(r"(?=\+)", run)
    for position, part in enumerate(parts):
        if count_digits(part) >= MIN_DIGITS or position == len(parts) - 1:
            yield part


def count_digits(text: str) -> int:
    """Return how many digits, of any script, a text has."""
    return sum(map(str.isdigit, text))


def _read_run(run: str) -> tuple[str, ...]:
    """Return the readings of one run of digits: of one number, or of several that only blanks or dashes separate."""
    tokens = re.findall(r"[0-9]+", run)
    digits = "".join(tokens)
    if not MIN_DIGITS <= len(digits) <= MAX_RUN_DIGITS:
        return ()
    readings = _read_number(digits, has_plus=run.lstrip(" \t\r()[]._-").startswith("+"))
    if readings:
        return readings
    if len(digits) > MAX_DIGITS:
        if re.fullmatch(r"(?:[6-9][0-9]{9})+", digits):
            tokens = re.findall(r"[0-9]{10}", digits)
        return _split_tokens(tuple(tokens))
    # after 6 98444 44441: what stands beside a complete number is no part of it
    complete = [token for token in tokens if len(token) >= MOBILE_DIGITS and _find_valid_reading(token)]
    is_beside = len(complete) == 1 and len(digits) - len(complete[0]) < MIN_DIGITS
    return (_find_valid_reading(complete[0]),) if is_beside else ()


def _split_tokens(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the numbers into which the tokens divide in exactly one way; else none."""
    ways: list[list[tuple[str, ...]]] = [[()], *([] for _ in tokens)]
    for end in range(1, len(tokens) + 1):
        for start in range(end):
            digits = "".join(tokens[start:end])
            if len(digits) <= MAX_DIGITS and ways[start] and (form := _find_valid_reading(digits)):
                ways[end] += [(*way, form) for way in ways[start]][:2]
        del ways[end][2:]
    return ways[-1][0] if len(ways[-1]) == 1 else ()


def _find_valid_reading(digits: str) -> str:
    readings = _read_number(digits, has_plus=False)
    return readings[0] if readings and _is_valid(readings[0]) else ""


@lru_cache(maxsize=4096)
def _read_number(digits: str, *, has_plus: bool) -> tuple[str, ...]:
    """Return the readings of the digits of one number, the most probable one first."""
    stripped = digits.lstrip("0")
    zeros = len(digits) - len(stripped)
    # a plus sign and 00 (the Indian prefix) announce a country code, one zero an Indian number
    is_international = zeros != 1 and (has_plus or zeros > 1)
    abroad = _read_international(stripped) if is_international else _format_possible(f"+{stripped}")
    is_valid_abroad = _is_valid(abroad)
    if has_plus and not zeros and is_valid_abroad:
        return (abroad,)
    if indian_mobile := REPEATED_INDIAN_PREFIX.fullmatch(digits):
        indian = f"+{DEFAULT_COUNTRY_CODE}{indian_mobile[1]}"
        if not is_international or len(stripped) != MOBILE_DIGITS:
            return (indian,)
        if has_plus and abroad.startswith(f"+{DEFAULT_COUNTRY_CODE}"):  # +91 2345 6789, or +91234 56789
            return (abroad, indian)
        # 00 65 9123 4567, or 00 65912 34567
        return (indian, abroad) if is_valid_abroad else (indian,)
    indian_number = _read_indian(stripped)
    # without a sign of it, only a number that exists is one of another country
    candidates = [abroad, indian_number] if is_international else [indian_number, abroad if is_valid_abroad else ""]
    valid = [form for form in candidates if _is_valid(form)]
    return tuple((valid or [form for form in candidates if form])[:1])


def _read_indian(digits: str) -> str:
    """Return the Indian number, without country codes and zeros that were typed before it; '' if there is none."""
    rest = digits
    while rest.startswith((DEFAULT_COUNTRY_CODE, "0")) and not _is_valid(f"+{DEFAULT_COUNTRY_CODE}{rest}"):
        rest = rest[1:] if rest[0] == "0" else rest[2:]
    form = f"+{DEFAULT_COUNTRY_CODE}{rest}"
    return form if _is_valid(form) else _format_possible(f"+{DEFAULT_COUNTRY_CODE}{digits}")


def _read_international(digits: str) -> str:
    """Return the number whose country code begins `digits`; '' if there is none.

    A trunk zero after the country code, and a country code that was typed twice, are left out.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415 - slow to import

    form = _format_possible(f"+{digits}")
    if _is_valid(form):
        return form
    for length in (1, 2, 3):
        code, rest = digits[:length], digits[length:].lstrip("0")
        if code.isdigit() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            repeated = [rest] if rest.startswith(code) else []
            trunk = [code + rest, code + rest.removeprefix(code).lstrip("0")]
            for candidate in (*repeated, *trunk):
                repaired = _format_possible(f"+{candidate}")
                if _is_valid(repaired):
                    return repaired
    return form


def _is_valid(form: str) -> bool:
    import phonenumbers  # noqa: PLC0415 - slow to import

    number = _parse(form)
    return number is not None and bool(phonenumbers.is_valid_number(number))


def _format_possible(text: str) -> str:
    import phonenumbers  # noqa: PLC0415 - slow to import

    number = _parse(text)
    if number is None or not phonenumbers.is_possible_number(number):
        return ""
    is_indian = str(number.country_code) == DEFAULT_COUNTRY_CODE
    # ten digits, or eight without the area code; the plan has longer ones for services. Any other is mistyped
    is_mistyped = len(str(number.national_number)) == 9 or number.national_number >= 10**MOBILE_DIGITS
    if is_indian and is_mistyped and not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _parse(text: str) -> Any:
    """Return the number that the library reads in a text, None where it reads none."""
    import phonenumbers  # noqa: PLC0415 - slow to import

    try:
        return phonenumbers.parse(text, DEFAULT_PHONE_REGION)
    except phonenumbers.NumberParseException:
        return None
