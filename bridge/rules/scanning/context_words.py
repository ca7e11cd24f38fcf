"""Define the words beside a number that say what it is.

Pure. Reads a fixed number of characters before and after, so that the cost grows with the text's length only.
"""

from __future__ import annotations

import re

# a word this near says what a number is
CONTEXT_CHARS_BEFORE, CONTEXT_CHARS_AFTER, LABEL_CHARS = 48, 16, 24

_ACCOUNT_WORD_PATTERN = r"(?<![a-z])(?:a\s?/\s?c|acc(?:t|ount)?s?|acc?t?no)"
BANK_WORDS = re.compile(
    rf"(?i){_ACCOUNT_WORD_PATTERN}(?![a-z])|(?<![a-z])(?:bank|ifsc|neft|imps|rtgs|iban)(?![a-z])|खात|बैंक"
)
UPI_WORDS = re.compile(r"(?i)(?<![a-z])(?:upi(?:\s?id)?|vpa|g\s?pay|google\s?pay|phone\s?pe|paytm|bhim)(?![a-z])")
# The stems of all words of BANK_WORDS and UPI_WORDS: faster to search than the patterns
PAYMENT_WORD_STEMS = ("/", "acc", "acno", "bank", "upi", "neft", "imps", "rtgs", "iban", "ifsc", "खात", "बैंक")

_LABEL_ENDING_PATTERN = r"(?:[\s_]*(?:no|num|number|id|is)\b)*[\s_.:#='\"/\u2013-]*$"
# `id` alone may mean an identity number such as an Aadhaar
_SHOP_WORD_PATTERN = (
    r"ph|phone|mob|mobile|cell|tel|telephone|what.?s ?app|call|contact|order|invoice|awb|tracking|waybill|utr|rrn|ref|"
    r"reference|txn|transaction|gst|gstin|pin|imei|sku|(?:product)?variant|product|item|(?:bundle|cart|customer|line|"
    r"parent|payment|session|shop|user)[ _-]?(?:item[ _-]?)?id"
)
ACCOUNT_LABEL = re.compile(rf"(?i){_ACCOUNT_WORD_PATTERN}\b\.?{_LABEL_ENDING_PATTERN}")
SHOP_LABEL = re.compile(rf"(?i)(?<![a-z])(?:{_SHOP_WORD_PATTERN})(?:\b|_)\.?{_LABEL_ENDING_PATTERN}")
NON_ACCOUNT_LABEL = re.compile(rf"(?i)(?<![a-z])(?:{_SHOP_WORD_PATTERN}|cart|id)(?:\b|_)\.?{_LABEL_ENDING_PATTERN}")
IFSC_LABEL = re.compile(r"(?i)(?<![a-z])ifsc?(?:\s*(?:code|no|is)\b)*[\s.:#=\u2013-]*$")
AADHAAR_WORDS = re.compile(r"(?i)(?<![a-z])(?:aadhaa?r|adhaa?r|uid(?:ai)?)(?![a-z])|आधार")
PAN_WORDS = re.compile(r"(?i)(?<![a-z])pan(?![a-z])")


def get_text_before(text: str, position: int, max_chars: int = LABEL_CHARS) -> str:
    """Return the text before a position, at most `max_chars` characters of it."""
    return text[max(0, position - max_chars) : position]


def has_word_before(words: re.Pattern[str], text: str, position: int, max_chars: int = LABEL_CHARS) -> bool:
    """Return True where one of the words stands before a position, at most `max_chars` characters away."""
    return words.search(get_text_before(text, position, max_chars)) is not None


def has_word_around(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Return True where one of the words stands near what lies between `start` and `end`, and not within it."""
    around = f"{get_text_before(text, start, CONTEXT_CHARS_BEFORE)} \n {text[end : end + CONTEXT_CHARS_AFTER]}"
    return words.search(around) is not None
