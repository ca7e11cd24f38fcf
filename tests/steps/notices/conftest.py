"""Fixtures of the tests of notices."""

from __future__ import annotations

import pytest

from bridge.store import SqlStore
from tests.conftest import SetClock
from tests.fakes import FakeQueue
from tests.steps.notice_case import Case


@pytest.fixture
def case(store: SqlStore, clock: SetClock, queue: FakeQueue) -> Case:
    return Case(store, clock, queue)
