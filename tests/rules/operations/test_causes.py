"""Why a database, Redis or a server does not answer is said in words; the text of the exception never leaves."""

import re
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.operations.causes import (
    POSTGRES_CAUSES,
    REDIS_CAUSES,
    SQLITE_CAUSES,
    SQLSTATE_CAUSES,
    describe_network_error,
    describe_postgres_error,
    describe_redis_error,
    describe_sqlite_error,
)

CANARY = "asha@example.com"
PLACE = "db.example.com:5432, database bridge"
CLASS_NAME = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:Error|Exception|Fault|Unavailable)\b")
URL = "rediss://user:hunter2@cache.example.com:6380/0"


def is_clean(text):
    return CANARY not in text and "hunter2" not in text and not CLASS_NAME.search(text)


@pytest.mark.parametrize(("sign", "words"), POSTGRES_CAUSES)
def test_what_postgres_says_is_said_in_words(sign, words):
    text = describe_postgres_error(f'connection failed: {sign} for user "{CANARY}"', "", PLACE)
    assert text.startswith(f"Postgres at {PLACE}: ")
    assert is_clean(text)
    assert words or text


@given(st.text(), st.sampled_from([*SQLSTATE_CAUSES, "", "XX000"]))
def test_no_text_of_postgres_leaves(text, sqlstate):
    words = describe_postgres_error(f"{CANARY} {text}", sqlstate, PLACE)
    assert is_clean(words)
    assert sqlstate in words


@given(st.text(), st.sampled_from([*SQLITE_CAUSES, "", "SQLITE_IOERR_WRITE", "SQLITE_READONLY_DBMOVED"]))
def test_no_text_of_sqlite_leaves_and_the_file_is_named(text, code):
    words = describe_sqlite_error(f"{CANARY} {text}", code, "/var/bridge.db")
    assert is_clean(words)
    assert "/var/bridge.db" in words


def test_an_extended_code_of_sqlite_has_the_words_of_its_family():
    assert "disk cannot be" in describe_sqlite_error("x", "SQLITE_IOERR_WRITE", "/x")
    assert "may not be written" in describe_sqlite_error("x", "SQLITE_READONLY_DBMOVED", "/x")


@pytest.mark.parametrize(("sign", "words"), REDIS_CAUSES)
def test_what_redis_says_is_said_in_words_without_the_password(sign, words):
    described = describe_redis_error(RuntimeError(f"{sign} {CANARY}"), URL)
    assert described == f"Redis at cache.example.com:6380: {words}"
    assert is_clean(described)


@given(st.text())
def test_no_url_breaks_it(url):
    assert describe_redis_error(RuntimeError("x"), f"redis://{url}").startswith("Redis at ")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ConnectionRefusedError(111, "x"), "nothing listens there"),
        (socket.gaierror(-2, "x"), "the name of the host is unknown"),
        (TimeoutError(), "no answer in time"),
        (ConnectionResetError(), "the connection was cut"),
        (ssl.SSLError(1, "wrong version"), "no TLS is spoken there, or none in common"),
        (ValueError("x"), ""),
    ],
)
def test_a_fault_of_the_network_is_found_below_what_hides_it(fault, words):
    hidden = RuntimeError("library")
    hidden.__cause__ = fault
    assert describe_network_error(fault) == describe_network_error(hidden) == words
