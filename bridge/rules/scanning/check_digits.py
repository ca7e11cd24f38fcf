"""Verify check digits: Luhn of cards (ISO/IEC 7812-1, annex B), Verhoeff of Aadhaar.

Pure. A number that passes may still be anything; one that fails is none.
"""

from __future__ import annotations

# J. Verhoeff, Error Detecting Decimal Codes (1969): the dihedral group of ten, and the permutation by position
_VERHOEFF_MULTIPLICATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_PERMUTATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
_LUHN_DOUBLED_DIGITS = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_luhn_valid(digits: str) -> bool:
    """Return True where the last digit is the check digit of those before it."""
    backwards = [int(digit) for digit in reversed(digits)]
    return (sum(backwards[::2]) + sum(_LUHN_DOUBLED_DIGITS[digit] for digit in backwards[1::2])) % 10 == 0


def is_verhoeff_valid(digits: str) -> bool:
    """Return True where the last digit is the check digit: each wrong digit and each swap of neighbours fails."""
    check = 0
    for index, digit in enumerate(reversed(digits)):
        check = _VERHOEFF_MULTIPLICATION[check][_VERHOEFF_PERMUTATION[index % 8][int(digit)]]
    return check == 0
