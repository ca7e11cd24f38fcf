"""An empty, migrated database."""

from __future__ import annotations

import pytest

from tests.e2e import processes


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    made = processes.environment(f"sqlite:///{tmp_path_factory.mktemp('start')}/bridge.db", "")
    processes.migrate(made)
    return made
