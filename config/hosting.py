"""Decide what an environment leaves open: whether it is production, and how its database is reached. Reads no variable.

Where in doubt it is production: that refuses to start with what is missing, and serves nothing meant for a developer.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

# set by hosts of applications in every process: Heroku, Fly, Render, Cloud Run, Railway, Azure. Machines for builds and tests set
# none of them; those of Kubernetes and AWS stand there too, so they say nothing.
HOST_MARKS = ("DYNO", "FLY_APP_NAME", "RENDER", "K_SERVICE", "RAILWAY_ENVIRONMENT", "WEBSITE_SITE_NAME")
SET_REASON = "BRIDGE_ENV says so"
DATABASE_FIELDS = ("database_url", "ledger_url", "migrate_database_url")
ENCRYPTED_MODES = ("require", "verify-ca", "verify-full")


def find_host_mark(environ: Mapping[str, str]) -> str:
    """Return the variable by which a host is recognised, or ''."""
    return next((name for name in HOST_MARKS if environ.get(name, "").strip()), "")


def decide_environment(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return BRIDGE_ENV as it is or as it is assumed, and why."""
    if given := environ.get("BRIDGE_ENV", "").strip():
        return given, SET_REASON
    if mark := find_host_mark(environ):
        return "production", f"BRIDGE_ENV is not set, and {mark} is: this is a host"
    if not is_local_database(environ.get("DATABASE_URL", "").strip()):
        return "production", "BRIDGE_ENV is not set, and DATABASE_URL is on another machine"
    return "development", "BRIDGE_ENV is not set, and the database is on this machine"


def is_local_database(url: str) -> bool:
    """Return whether the database is a file, a socket or a loopback address; an unreadable URL is not."""
    if not url or url.startswith("sqlite:"):
        return True
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        return False
    netloc = parts.netloc.rpartition("@")[2]
    hosts = [_strip_port(each) for each in netloc.split(",")]
    hosts += [host for name in ("host", "hostaddr") for given in query.get(name, ()) for host in given.split(",")]
    return all(map(_is_local_host, hosts))


def require_database_tls(url: str) -> str:
    """Return the URL with TLS required: `verify-full` where it names a root, else `require`, unless it asks for more.

    Raises ValueError where it asks for less. A database on this machine needs none.
    """
    if is_local_database(url):
        return url
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    modes = query.get("sslmode", [])
    if any(mode not in ENCRYPTED_MODES for mode in modes) or len(modes) > 1:
        raise ValueError("sslmode")
    if "sslrootcert" in query:
        query["sslmode"] = modes if modes and modes != ["require"] else ["verify-full"]
    elif not modes:
        query["sslmode"] = ["require"]
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True)))


def require_tls_of_databases(parsed: dict[str, Any], names: Mapping[str, str]) -> list[str]:
    """Set TLS for every database among these settings; return a fault for each that asks for less.

    `names` are the variables of the settings.
    """
    faults = []
    for field in DATABASE_FIELDS:
        try:
            if parsed.get(field):
                parsed[field] = require_database_tls(parsed[field])
        except ValueError:
            advice = "set sslmode=require, or DATABASE_TLS=waive in a private network"
            faults.append(f"{names[field]} asks for a connection without TLS: {advice}")
    return faults


def describe_database_tls(url: str) -> str:
    """Return how the connection is protected: `local`, a mode of libpq, or `none` where it may be in the clear."""
    if is_local_database(url):
        return "local"
    modes = parse_qs(urlsplit(url).query).get("sslmode", [])
    return modes[0] if len(modes) == 1 and modes[0] in ENCRYPTED_MODES else "none"


def _strip_port(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_local_host(host: str) -> bool:
    if not host or host.startswith(("/", "%2F", "%2f")) or host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
