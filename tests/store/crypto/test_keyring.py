"""The keyring: sealed values open only with their AAD and key; pseudonyms are of normal forms."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import KeyMissing, SealBroken
from bridge.store import Keyring
from tests.factories import OTHER_SHOP, SHOP

OTHER = Keyring([("k2", b"2" * 32)], b"q" * 32, b"t" * 32)
SAME = Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32)


@given(plain=st.binary(max_size=200), place=st.text(max_size=40))
def test_a_sealed_value_opens_with_its_aad_and_differs_each_time(plain, place):
    place = place.encode("utf-8", "replace").decode()
    sealed = SAME.seal(plain, place)
    assert SAME.open(sealed, place) == plain
    assert sealed != SAME.seal(plain, place)
    assert len(plain) < 4 or plain not in sealed


def test_a_value_moved_to_another_row_does_not_open(vault):
    with pytest.raises(SealBroken):
        vault.open(vault.seal(b"Asha", "orders|1"), "orders|2")


def test_an_altered_value_does_not_open_wherever_it_was_altered(vault):
    sealed = vault.seal(b"Asha", "orders|1")
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises((SealBroken, KeyMissing)):
            vault.open(bytes(altered), "orders|1")


def test_a_truncated_value_raises_seal_broken_only(vault):
    sealed = vault.seal(b"Asha", "orders|1")
    for length in range(len(sealed)):
        with pytest.raises((SealBroken, KeyMissing)):
            vault.open(sealed[:length], "orders|1")


def test_a_key_removed_from_the_keyring_is_missing_not_broken(vault):
    with pytest.raises(KeyMissing, match="k2"):
        vault.open(OTHER.seal(b"Asha", "x"), "x")
    with pytest.raises(SealBroken):
        Keyring([("k1", b"3" * 32)], b"p", b"s" * 32).open(vault.seal(b"Asha", "x"), "x")


def test_a_rotated_keyring_seals_with_the_new_key_and_opens_old_values(vault):
    rotated = Keyring([("k2", b"2" * 32), ("k1", b"1" * 32)], b"p" * 32, b"s" * 32)
    assert (vault.active_key_id, rotated.active_key_id) == ("k1", "k2")
    assert rotated.open(vault.seal(b"old", "x"), "x") == b"old"
    with pytest.raises(KeyMissing):
        vault.open(rotated.seal(b"new", "x"), "x")


def test_what_a_data_key_sealed_is_unreadable_without_it(vault):
    keys = {"key_1": b"d" * 32}
    sealed = vault.seal(b"Asha", "x", key_id="key_1", key=keys["key_1"])
    assert vault.open(sealed, "x", find_data_key=keys.get) == b"Asha"
    keys.clear()
    with pytest.raises(KeyMissing, match="key_1"):
        vault.open(sealed, "x", find_data_key=keys.get)
    with pytest.raises(KeyMissing):
        vault.open(sealed, "x")


@pytest.mark.parametrize(
    ("field", "spellings"),
    [
        ("email", ["Asha@Example.com ", "asha@example.com", "\uff41sha@example.com"]),
        ("phone", ["98111 22233", "+91 98111-22233", "09811122233", "+919811122233"]),
        ("customer", ["gid://shopify/Customer/7001", "7001", "007001"]),
        ("order", ["1001", "gid://shopify/Order/1001?x=1"]),
        ("waybill", ["awb 7007007", "AWB7007007", " Awb7007\t007"]),
    ],
)
def test_one_person_in_many_spellings_has_one_pseudonym(vault, field, spellings):
    made = {vault.pseudonym(SHOP, field, spelling) for spelling in spellings}
    assert len(made) == 1
    assert len(made.pop()) == 32


def test_shops_fields_and_keys_have_pseudonyms_of_their_own(vault):
    made = {
        vault.pseudonym(SHOP, "customer", "7001"),
        vault.pseudonym(OTHER_SHOP, "customer", "7001"),
        vault.pseudonym(SHOP, "order", "7001"),
        OTHER.pseudonym(SHOP, "customer", "7001"),
    }
    assert len(made) == 4


@pytest.mark.parametrize("field", ["email", "phone", "customer", "order", "waybill"])
def test_an_invalid_value_has_no_pseudonym_and_matches_nobody(vault, field):
    assert vault.pseudonym(SHOP, field, " ") == ""


def test_a_signature_is_valid_for_its_content_and_key_only(vault):
    signature = vault.sign(b"head")
    assert vault.verify(b"head", signature)
    assert not vault.verify(b"tail", signature)
    assert not OTHER.verify(b"head", signature)
    assert not vault.verify(b"head", "garbage!")
    assert vault.public_key == SAME.public_key != OTHER.public_key


@pytest.mark.parametrize(
    "keys", [([], b"p", b"s" * 32), ([("k", b"1" * 32)], b"", b"s" * 32), ([("k", b"1" * 32)], b"p", b"")]
)
def test_a_keyring_without_a_key_is_refused(keys):
    with pytest.raises(KeyMissing, match="BRIDGE_KEYS"):
        Keyring(*keys)


@given(name=st.text("abc|é", max_size=80), content=st.binary(max_size=200))
def test_a_digest_is_the_hmac_of_the_content_under_the_derived_key_of_its_name(name, content):
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=name.encode()).derive(b"p" * 32)
    for _ in range(2):  # the second time from what was kept
        assert SAME.digest(name, content) == hmac.digest(key, content, "sha256").hex()
