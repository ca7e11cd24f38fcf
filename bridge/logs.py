"""Technical logs: constant event names, ids as fields; never personal data.

Everything goes to stdout, one JSON object (or text) per line. Records of libraries are shown from WARNING on, their
tracebacks replaced by type and place, since the text of an exception may hold the value that caused it.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any

import structlog

from bridge import __version__

NOISY_LOGGERS = ("rq.worker", "rq.scheduler", "werkzeug", "alembic", "pyactiveresource", "shopify")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0]*(?:\d+|\*)?(?:\.\d+)?[a-zA-Z]")
MAX_MESSAGE_CHARS = 200


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


def log_start(process: str) -> None:
    """Log that this process (`web`, `worker`, `clock`) starts, with its version; from now on its last words are a line of the log too.

    Python prints what no code caught, and warnings, over many lines and with the values of the moment.
    """
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda caught: _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
    sys.unraisablehook = lambda caught: _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
    structlog.get_logger().info("process.started", process=process, version=__version__)


def _log_uncaught(kind: type[BaseException], _fault: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        structlog.get_logger().error("process.crashed", fault=kind.__name__ + _describe_raise_location(trace))


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


def _describe_record(record: logging.LogRecord) -> str:
    """Return the message of a library's record, `…` in the place of each argument: it may hold personal data."""
    if isinstance(record.msg, BaseException):
        return type(record.msg).__name__
    if record.name == "py.warnings":
        return "python.warning"  # its template is the argument: a path, a line, and a text that quotes values
    lines = str(record.msg).splitlines() or [""]
    return PLACEHOLDER.sub("…", lines[0]).replace("%%", "%")[:MAX_MESSAGE_CHARS]


class _LibraryLogFormatter(logging.Formatter):
    """Formats records of libraries: their message template only, without arguments that may hold personal data."""

    def __init__(self, shared: list[Any], renderer: Any) -> None:
        super().__init__()
        self._shared, self._renderer = shared, renderer

    def format(self, record: logging.LogRecord) -> str:
        """Return one line in the format of our own records."""
        event: Any = {"event": _describe_record(record), "logger": record.name}
        if record.exc_info and record.exc_info[1]:
            event["fault"] = describe_exception(record.exc_info[1])
        event["level"] = record.levelname.lower()
        for processor in self._shared[2:]:
            event = processor(None, record.levelname.lower(), event)
        rendered: str = self._renderer(None, "", event)
        return rendered
