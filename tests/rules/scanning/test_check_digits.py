"""Check digits: published vectors, and the errors that each kind is made to catch."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.rules.scanning.check_digits import is_luhn_valid, is_verhoeff_valid

NUMBERS = st.text("0123456789", min_size=1, max_size=18)


# the first is the article's that made it known; the others are common to its implementations
@pytest.mark.parametrize("number", ["2363", "123451", "1428570", "1234567890120", "84736430954837284567892"])
def test_verhoeff_s_vectors_pass(number):
    assert is_verhoeff_valid(number)
    assert not is_verhoeff_valid(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize("number", ["79927398713", "4111111111111111", "378282246310005", "6011000990139424"])
def test_luhn_s_vectors_pass(number):
    assert is_luhn_valid(number)
    assert not is_luhn_valid(number[:-1] + str((int(number[-1]) + 1) % 10))


def completed(number, check):
    (last,) = (digit for digit in "0123456789" if check(number + digit))
    return number + last


@pytest.mark.parametrize("check", [is_luhn_valid, is_verhoeff_valid])
@given(number=NUMBERS, place=st.integers(0, 18), wrong=st.integers(1, 9))
def test_one_wrong_digit_is_caught(check, number, place, wrong):
    digits = completed(number, check)
    at = place % len(digits)
    changed = digits[:at] + str((int(digits[at]) + wrong) % 10) + digits[at + 1 :]
    assert not check(changed)


@given(number=NUMBERS, place=st.integers(0, 17))
def test_verhoeff_catches_every_swap_of_neighbours(number, place):
    digits = completed(number, is_verhoeff_valid)
    at = place % (len(digits) - 1)
    assume(digits[at] != digits[at + 1])
    assert not is_verhoeff_valid(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])


@given(number=NUMBERS, place=st.integers(0, 17))
def test_luhn_catches_every_swap_but_that_of_0_and_9(number, place):
    digits = completed(number, is_luhn_valid)
    at = place % (len(digits) - 1)
    assume(digits[at] != digits[at + 1])
    swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert is_luhn_valid(swapped) is ({digits[at], digits[at + 1]} == {"0", "9"})
