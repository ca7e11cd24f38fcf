"""Technical logs: constant event names, ids as fields; never personal data.

Everything goes to stdout, one JSON object (or text) per line. Records of libraries are shown from WARNING on, their
tracebacks replaced by type and place, since the text of an exception may hold the value that caused it.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Any

import structlog

NOISY_LOGGERS = ("rq.worker", "rq.scheduler", "werkzeug", "alembic", "pyactiveresource", "shopify")


def configure_logging(level: str, fmt: str) -> None:
    """Set up logging of this process; `fmt` is `json` or `text`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if fmt == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.PositionalArgumentsFormatter(), _drop_exception_text, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryLogFormatter(shared, renderer))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def describe_exception(fault: BaseException) -> str:
    """Return `Type at file:line function`, which is all that may be logged of an exception."""
    return type(fault).__name__ + _describe_raise_location(fault.__traceback__)


def _describe_raise_location(trace: TracebackType | None) -> str:
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f" at {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"


def _drop_exception_text(_logger: Any, _name: str, event: Any) -> Any:
    info = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if info is True else info
    if isinstance(fault, BaseException):
        event["fault"] = describe_exception(fault)
    return event


class _LibraryLogFormatter(logging.Formatter):
    """Formats records of libraries: their message template only, without arguments that may hold personal data."""

    def __init__(self, shared: list[Any], renderer: Any) -> None:
        super().__init__()
        self._shared, self._renderer = shared, renderer

    def format(self, record: logging.LogRecord) -> str:
        """Return one line in the format of our own records."""
        event: Any = {"event": str(record.msg).splitlines()[0][:200] if record.msg else "", "logger": record.name}
        if record.exc_info and record.exc_info[1]:
            event["fault"] = describe_exception(record.exc_info[1])
        event["level"] = record.levelname.lower()
        for processor in self._shared[2:]:
            event = processor(None, record.levelname.lower(), event)
        rendered: str = self._renderer(None, "", event)
        return rendered
