"""Loggers of one test process that ask for their configuration each time."""

from typing import Any

import structlog


def uncache_loggers() -> None:
    """Let no logger keep the configuration of its first line.

    Commands that run inside the test process log errors only; a module's logger that was first used then would
    hide its other lines from every later test.
    """
    configure = structlog.configure

    def configure_uncached(*given: Any, **options: Any) -> None:
        configure(*given, **(options | {"cache_logger_on_first_use": False}))

    structlog.configure = configure_uncached
