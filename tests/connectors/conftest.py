"""Fixtures of the tests of connectors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def mock(request: pytest.FixtureRequest) -> Iterator[responses.RequestsMock]:
    """Answers in place of the network.

    A module says in `ALWAYS_ANSWERED` what each of its tests is answered without asking for it: method, URL, JSON.
    With `EVERY_ANSWER_IS_USED` a test fails that leaves an answer unused.
    """
    is_strict = getattr(request.module, "EVERY_ANSWER_IS_USED", False)
    with responses.RequestsMock(assert_all_requests_are_fired=is_strict) as mock:
        for method, url, content in getattr(request.module, "ALWAYS_ANSWERED", ()):
            mock.add(method, url, json=content)
        yield mock
