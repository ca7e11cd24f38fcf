"""Name the tests that run whole deployments: one in thirty tests, and half of the time.

`make test` leaves them out, so that it ends within the time that somebody waits for; `make test-long` runs only them.
Continuous integration runs both.
"""

from __future__ import annotations

LONG_TESTS = (
    "tests/browser/",  # a browser for each page, in both languages, by keyboard and on a phone
    "tests/cli/init/",  # from a clone to a server that answers
    "tests/cli/start/test_start.py",
    "tests/cli/start/test_terminal.py",
    "tests/config/test_hosts.py",  # each host's commands, from its page in docs/hosts
    "tests/e2e/",  # web, worker, clock, Redis and Postgres together, and what is left after each was killed
    "tests/web/api/test_api_fuzz.py",
    "tests/web/server/test_generations.py",  # two releases on one port
    "tests/web/test_outages.py",  # without Redis, without the database
    "tests/workers/",  # worker and clock as processes, several beside one another, one of them killed
)


def is_long(nodeid: str) -> bool:
    """Return whether a test runs a whole deployment, by its name."""
    return nodeid.startswith(LONG_TESTS)
