"""Watch what a test logs and prints."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest


def read_log(caplog: pytest.LogCaptureFixture) -> str:
    """Return what a test and its fixtures have logged; `caplog.text` is empty once the test has ended."""
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    return "\n".join(caplog.handler.format(record) for record in records)


def forbid_output(find_words: Callable[[pytest.FixtureRequest], Iterable[str]]) -> Any:
    """Make a fixture for a module: each of its tests fails that logs or prints one of the words.

    `find_words` is called before the test.
    """

    @pytest.fixture(autouse=True)
    def _silent_logs(
        request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> Iterator[None]:
        words = tuple(find_words(request))
        caplog.set_level(logging.DEBUG)
        yield
        output = read_log(caplog) + "".join(capsys.readouterr())
        assert not [word for word in words if word in output]

    return _silent_logs
