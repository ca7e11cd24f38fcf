"""Reports exceptions to Sentry and spans to OpenTelemetry, for a merchant who has set either and installed its extra.

Both get constant words, durations and ids of our own: no message of an exception, no local value, nothing of a request,
a query or an address. Without a setting nothing is imported, and each call here returns at once.
"""

from __future__ import annotations

import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import structlog

from bridge import logs
from bridge.errors import Retryable, SettingsInvalid

if TYPE_CHECKING:
    from config.settings import Settings

log = structlog.get_logger()
Fields = Mapping[str, Any]

REPEAT_AFTER_S = 600.0  # the same exception about the same row is reported again after this, by one process
MAX_REMEMBERED = 1_000
FLUSH_S = 2.0  # for which the end of a process waits
SMALL = 1_000  # a status of HTTP, an attempt: no number that could tell who somebody is
INSTALL = "pip install --require-hashes -r requirements.txt -r {}"
# variable, what Python imports, the distribution, the file that installs it
EXTRAS = (
    ("SENTRY_DSN", "sentry_sdk", "sentry-sdk", "requirements-sentry.txt"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "opentelemetry.exporter.otlp.proto.http",
        "opentelemetry-exporter-otlp-proto-http",
        "requirements-otel.txt",
    ),
)
# all that leaves of a row: each is a word of a closed set, a small number, a flag, or an id of our own
FIELDS = frozenset(
    {
        "action", "attempts", "job", "method", "new", "operation", "outcome", "request", "row",
        "state", "status", "step", "system", "task", "topic",
    }
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z][A-Za-z_]*(?:[ ./-][A-Za-z_]+)*")
_ID = re.compile(r"[a-z]{2,5}_[0-9A-HJKMNP-TV-Z]{26}")
_CARRIED = "_bridge_fields"  # on an exception: the fields of the blocks that it left
_REPORTED = "_bridge_reported"


class Reporter(Protocol):
    """Sends exceptions somewhere."""

    def send_report(self, fault: BaseException, fields: Fields) -> None:
        """Queue a report, without waiting."""

    def flush(self, timeout_s: float) -> None:
        """Send what is queued, within that time."""


class SpanRecorder(Protocol):
    """Sends spans somewhere. What `begin` returns is given to `end`, on the same thread."""

    def begin(self, name: str) -> Any:
        """Begin a span within that which is open."""

    def end(self, span: Any, fields: Fields, error: str) -> None:
        """End it; `error` is the type of the exception that ended it, '' for none."""

    def flush(self, timeout_s: float) -> None:
        """Send what is queued, within that time."""


@dataclass
class _Telemetry:
    reporter: Reporter | None = None
    recorder: SpanRecorder | None = None


_started = _Telemetry()  # like the configuration of the log: one for a process
_reported_at: dict[tuple[Any, ...], float] = {}


def list_missing_extras(settings: Settings) -> list[tuple[str, str]]:
    """Return what is not installed although a setting needs it, and the command that installs it."""
    wanted = (settings.sentry_dsn, settings.otlp_endpoint)
    return [
        (f"{variable} is set, but {package} is not installed", INSTALL.format(file))
        for is_set, (variable, module, package, file) in zip(wanted, EXTRAS, strict=True)
        if is_set and not _is_installed(module)
    ]


def require_extras(settings: Settings) -> None:
    """Raise SettingsInvalid where a setting needs what is not installed."""
    if missing := list_missing_extras(settings):
        raise SettingsInvalid([f"{what}: {command}" for what, command in missing])


def start_telemetry(process: str, settings: Settings) -> None:
    """Start what is set, for this process (`web`, `worker`, `clock`) and those that it forks. Raises SettingsInvalid."""
    require_extras(settings)
    if settings.sentry_dsn:
        from bridge.telemetry.sentry import SentryReporter  # noqa: PLC0415 - an extra

        _started.reporter = SentryReporter(settings.sentry_dsn.reveal(), process=process, environment=settings.env)
        _report_uncaught()
    if settings.otlp_endpoint:
        from bridge.telemetry.otlp import OtlpRecorder  # noqa: PLC0415 - an extra

        headers = settings.otlp_headers.reveal()
        _started.recorder = OtlpRecorder(settings.otlp_endpoint, headers, process=process, environment=settings.env)


def flush_telemetry() -> None:
    """Send what is queued, within FLUSH_S. For the end of a process: a work-horse ends without Python's own end."""
    for each in (_started.reporter, _started.recorder):
        if each is not None:
            each.flush(FLUSH_S)


def report_exception(fault: BaseException, **fields: Any) -> None:
    """Report an exception that no code expected, once. One that says to try again later (Retryable) is none."""
    reporter = _started.reporter
    if reporter is None or isinstance(fault, Retryable) or getattr(fault, _REPORTED, False):
        return
    setattr(fault, _REPORTED, True)
    found = select_safe_fields({**fields, **getattr(fault, _CARRIED, {})})
    place = [(frame.f_code, line) for frame, line in traceback.walk_tb(fault.__traceback__)][-1:]
    if _is_due((type(fault), *place, *found.items())):
        with _survive():
            reporter.send_report(fault, found)


class observe:  # noqa: N801 - used like a function
    """Measure a block as a span of that name. An exception that leaves the block keeps the fields, for its report."""

    __slots__ = ("_name", "_recorder", "_span", "fields")

    def __init__(self, name: str, **fields: Any) -> None:
        self._name, self.fields = name, fields
        self._recorder, self._span = _started.recorder, None

    @property
    def is_recorded(self) -> bool:
        """Return whether anybody reads the fields of a block that succeeds."""
        return self._recorder is not None

    def __enter__(self) -> Self:
        """Begin; `fields` may be added until the end."""
        if self._recorder is not None:
            with _survive():
                self._span = self._recorder.begin(self._name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End."""
        if self._recorder is not None and self._span is not None:
            with _survive():
                self._recorder.end(self._span, select_safe_fields(self.fields), kind.__name__ if kind else "")
        if fault is not None and _started.reporter is not None:
            setattr(fault, _CARRIED, {**self.fields, **getattr(fault, _CARRIED, {})})


def select_safe_fields(fields: Fields) -> dict[str, str | int | bool]:
    """Return those of the FIELDS that hold words, small numbers, flags and ids of our own. No other text leaves."""
    found: dict[str, str | int | bool] = {}
    for name in FIELDS & fields.keys():
        value = fields[name]
        if isinstance(value, int) and abs(value) < SMALL:
            found[name] = value
        elif isinstance(value, str) and (_WORD.fullmatch(value) or _ID.fullmatch(value)):
            found[name] = str(value)
    return dict(sorted(found.items()))


@contextmanager
def _survive() -> Iterator[None]:
    """Let no fault of a library that is optional stop the work that it watches."""
    try:
        yield
    except Exception as fault:  # noqa: BLE001 - see above
        log.warning("telemetry.failed", fault=logs.describe_exception(fault))


def _is_due(key: tuple[Any, ...]) -> bool:
    """Return whether this report is the first of its kind for a while: the clock would repeat one every two seconds."""
    now = time.monotonic()
    if now - _reported_at.get(key, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
        return False
    if len(_reported_at) >= MAX_REMEMBERED:
        _reported_at.clear()
    _reported_at[key] = now
    return True


def _report_uncaught() -> None:
    """Report what no code catches, too, before it is logged."""
    on_exit, on_thread_end, on_unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def report_exit(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if isinstance(fault, Exception):
            report_exception(fault)
            flush_telemetry()
        on_exit(kind, fault, trace)

    def report_thread_end(caught: threading.ExceptHookArgs) -> None:
        if isinstance(caught.exc_value, Exception):
            report_exception(caught.exc_value)
        on_thread_end(caught)

    def report_unraisable(caught: sys.UnraisableHookArgs) -> None:
        if isinstance(caught.exc_value, Exception):
            report_exception(caught.exc_value)
        on_unraisable(caught)

    sys.excepthook, threading.excepthook, sys.unraisablehook = report_exit, report_thread_end, report_unraisable


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a package above it
        return False
