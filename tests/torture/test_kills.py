"""The short form of `make torture`: nothing is lost or done twice while thirty processes are killed or ended."""

import pytest

from tests.torture.run import torture

SEED = 7
KILLS = 15


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_every_invariant_holds_after_fifteen_kills_on_each_database(database, tmp_path, request):
    server = request.getfixturevalue("postgres") if database == "postgres" else None
    if server is not None and not server.embedded:
        pytest.skip("a server named by TEST_DATABASE_URL is not ours to kill")
    report = torture(tmp_path, server, seed=SEED, kills=KILLS, people=9, say=print)
    assert report.faults == []
    assert report.kills >= KILLS
    assert report.requests >= 6
