"""Say in words why a database, Redis or a server does not answer. Pure: no text of an exception leaves, it may hold values.

A message of a library is only looked through for what is known; what is not known is named by its code.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

NETWORK_CAUSES: Sequence[tuple[type[BaseException], str]] = (
    (ConnectionRefusedError, "nothing listens there"),
    (socket.gaierror, "the name of the host is unknown"),
    (TimeoutError, "no answer in time"),
    (ConnectionError, "the connection was cut"),
    (ssl.SSLError, "no TLS is spoken there, or none in common"),
)
# what Postgres or its library says, in its own words; the server sends no code before a session begins
POSTGRES_CAUSES: Sequence[tuple[str, str]] = (
    ("password authentication failed", "it refuses the password or the user (SQLSTATE 28P01)"),
    ("no password supplied", "it wants a password, and the URL has none"),
    ("no pg_hba.conf entry", "it lets no such user in from this machine, or not without TLS (SQLSTATE 28000)"),
    ("certificate verify failed", "its certificate is not trusted: set sslrootcert in the URL, or correct its path"),
    ("root certificate file", "the file of sslrootcert does not exist"),
    ("does not support SSL", "it speaks no TLS, and the URL wants it"),
    ("SSL error", "TLS failed"),
    ("too many clients", "all its connections are in use (SQLSTATE 53300)"),
    ("remaining connection slots", "all its connections are in use (SQLSTATE 53300)"),
    ("too many connections", "all its connections are in use (SQLSTATE 53300)"),
    ("the database system is starting up", "it is starting (SQLSTATE 57P03)"),
    ("the database system is shutting down", "it is shutting down (SQLSTATE 57P03)"),
    ("could not translate host name", "the name of the host is unknown"),
    ("failed to resolve host", "the name of the host is unknown"),
    ("Name or service not known", "the name of the host is unknown"),
    ("Connection refused", "nothing listens there"),
    ("No such file or directory", "there is no such socket"),
    ("timeout expired", "no answer in time"),
    ("timed out", "no answer in time"),
    ("server closed the connection", "the connection was cut"),
    ("consuming input failed", "the connection was cut"),
    ("the connection is closed", "the connection was cut"),
)
NO_DATABASE = "there is no database of this name"
SQLSTATE_CAUSES: Mapping[str, str] = {
    "28P01": "it refuses the password or the user",
    "28000": "it refuses the user",
    "3D000": NO_DATABASE,
    "42P01": "a table is missing: run `python -m bridge migrate`",
    "42703": "a column is missing: run `python -m bridge migrate`",
    "42501": "the user may not do this: run `python -m bridge migrate --runtime-role` as the owner",
    "25006": "it takes no changes: it is a replica, or set to read only",
    "53100": "its disk is full",
    "53300": "all its connections are in use",
    "55P03": "a lock was not free in time",
    "57014": "a statement took too long",
    "57P01": "it is shutting down",
    "57P03": "it is starting",
}
SQLITE_CAUSES: Mapping[str, str] = {
    "SQLITE_BUSY": "another process keeps it locked",
    "SQLITE_LOCKED": "another process keeps it locked",
    "SQLITE_CANTOPEN": "the file or its folder does not exist, or may not be opened",
    "SQLITE_READONLY": "the file or its folder may not be written",
    "SQLITE_PERM": "the file may not be opened",
    "SQLITE_NOTADB": "the file is no SQLite database",
    "SQLITE_CORRUPT": "the file is damaged: restore a backup",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk cannot be read or written",
}
SQLITE_TEXTS: Sequence[tuple[str, str]] = (
    ("no such table", "a table is missing: run `python -m bridge migrate`"),
    ("no such column", "a column is missing: run `python -m bridge migrate`"),
    ("has no column", "a column is missing: run `python -m bridge migrate`"),
)
REDIS_CAUSES: Sequence[tuple[str, str]] = (
    ("WRONGPASS", "it refuses the password or the user: correct REDIS_URL"),
    ("invalid password", "it refuses the password: correct REDIS_URL"),
    ("invalid username-password", "it refuses the password or the user: correct REDIS_URL"),
    ("NOAUTH", "it wants a password, and REDIS_URL has none"),
    ("Authentication required", "it wants a password, and REDIS_URL has none"),
    ("without any password configured", "it has no password, and REDIS_URL gives one"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted: hosts such as Heroku need REDIS_TLS=no-verify"),
    ("WRONG_VERSION_NUMBER", "it speaks no TLS: REDIS_URL must begin with redis://"),
    ("NOPERM", "the user may not do this: correct its rights"),
    ("MAXMEMORY", "its memory is full"),
    ("OOM command", "its memory is full"),
    ("LOADING", "it is loading its data"),
    ("Connection closed by server", "it closed the connection: a server with TLS needs rediss:// in REDIS_URL"),
    ("DB index is out of range", "there is no database of this number: correct the end of REDIS_URL"),
)


def iterate_causes(fault: BaseException | None) -> Iterator[BaseException]:
    """Yield a fault and those that it hides: libraries wrap each other's errors."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def describe_network_error(fault: BaseException) -> str:
    """Return why a server cannot be spoken to; '' where the fault is of another kind."""
    for cause in iterate_causes(fault):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        for kind, words in NETWORK_CAUSES:
            if isinstance(cause, kind):
                return words
        if isinstance(cause, OSError) and cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return "there is no way to that host"
    return ""


def describe_redis_error(fault: BaseException, url: str) -> str:
    """Return where Redis was looked for, and why it does not answer. The URL's password never appears."""
    causes = list(iterate_causes(fault))
    text = " ".join(str(cause) for cause in causes)
    words = _find_words(text, REDIS_CAUSES) or describe_network_error(fault)
    if not words and any("Timeout" in type(cause).__name__ for cause in causes):
        words = "no answer in time"
    return f"Redis at {_describe_place(url, 6379)}: {words or 'it does not answer as Redis does'}"


def describe_postgres_error(text: str, sqlstate: str, place: str) -> str:
    """Return where Postgres was looked for, and why it does not answer. `text` is looked through and never returned."""
    words = f"{SQLSTATE_CAUSES[sqlstate]} (SQLSTATE {sqlstate})" if sqlstate in SQLSTATE_CAUSES else ""
    words = words or _find_words(text, POSTGRES_CAUSES)
    if not words and 'database "' in text and "does not exist" in text:
        words = f"{NO_DATABASE} (SQLSTATE 3D000)"
    if not words and 'role "' in text and "does not exist" in text:
        words = "it refuses the user (SQLSTATE 28000)"
    words = words or (f"it refused a statement (SQLSTATE {sqlstate})" if sqlstate else "it does not answer")
    return f"Postgres at {place}: {words}"


def describe_sqlite_error(text: str, code: str, path: str) -> str:
    """Return which file of SQLite, and why it cannot be used. `text` is looked through and never returned."""
    words = _find_words(text, SQLITE_TEXTS)
    while not words and code:
        words, code = SQLITE_CAUSES.get(code, ""), code.rpartition("_")[0]  # SQLITE_IOERR_WRITE is an SQLITE_IOERR
    return f"SQLite file {path or '(in memory)'}: {words or 'it refused a statement'}"


def _find_words(text: str, known: Sequence[tuple[str, str]]) -> str:
    return next((words for sign, words in known if sign in text), "")


def _describe_place(url: str, port: int) -> str:
    try:
        parts = urlsplit(url)
        found_port = parts.port or port
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.hostname or parts.path or 'localhost'}:{found_port}"
