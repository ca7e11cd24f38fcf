"""`dsr acknowledge`: when a receipt was acknowledged is recorded, and the register counts the hours."""

from __future__ import annotations

import pytest

from tests.e2e import processes
from tests.factories import SHOP


@pytest.fixture
def desk(tmp_path):
    given = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    processes.migrate(given)
    return given


def test_p68_the_hours_to_the_first_acknowledgement_are_in_the_register(desk):
    """Requirement P-68; the deadline is that of requirement P-17. A time without a zone is the merchant's."""
    words = ("dsr", "open", "access", "--shop", SHOP, "--reason", "a letter", "--email", "asha@example.com")
    request_id = processes.say(desk, *words, "--received-at", "2026-11-02T15:30", "--json").json["id"]

    def acknowledge(*more):
        return processes.say(desk, "dsr", "acknowledge", request_id, "--by", "e-mail", *more, "--json")

    early = processes.say(desk, "dsr", "acknowledge", request_id, "--by", "e-mail", "--on", "2026-11-01")
    assert (early.code, "before the request was received" in early.err) == (1, True)
    assert processes.say(desk, "dsr", "acknowledge", "req_nobody", "--by", "e-mail").code == 1
    assert processes.say(desk, "dsr", "acknowledge", request_id, "--by", "to asha@example.com").code == 2
    assert acknowledge("--on", "2026-11-02T20:00:00+00:00").json["late"] is False
    assert acknowledge("--on", "2026-11-06").json["late"] is True, "after 48 hours"
    [month] = processes.say(desk, "evidence", "register", "--json").json["months"]
    assert month["median_hours_to_acknowledge"] == 10.0, "the first acknowledgement counts"
