"""Sends exceptions to Sentry. Builds each event itself, field by field, and lets nothing else through.

The library would add what is at hand: local values, the request, the last queries and calls, the name of the machine.
Source of the fields: https://develop.sentry.dev/sdk/data-model/event-payloads/.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sentry_sdk import Client

from bridge import __version__
from bridge.logs import describe_exception

if TYPE_CHECKING:
    from sentry_sdk.types import Event

OUR_PACKAGES = ("bridge", "config", "workers", "app")
KEPT_KEYS = frozenset(
    {"event_id", "timestamp", "platform", "level", "release", "environment", "server_name", "sdk", "exception", "tags"}
)


class SentryReporter:
    """A `telemetry.Reporter` over Sentry's own client and its thread, which begins with the first report of a process."""

    def __init__(self, dsn: str, *, process: str, environment: str) -> None:
        """Take the DSN. The process stands where Sentry would have the machine's name."""
        self._client = Client(
            dsn=dsn,
            release=__version__,
            environment=environment,
            server_name=process,
            before_send=_keep_known_keys,
            before_breadcrumb=_drop_breadcrumb,
            max_breadcrumbs=0,
            default_integrations=False,
            auto_enabling_integrations=False,
            send_default_pii=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            auto_session_tracking=False,
            send_client_reports=False,
            enable_backpressure_handling=False,
            propagate_traces=False,
            spotlight=False,
            debug=False,
        )

    def send_report(self, fault: BaseException, fields: Mapping[str, Any]) -> None:
        """Queue a report (`telemetry.Reporter`)."""
        self._client.capture_event(build_event(fault, fields))

    def flush(self, timeout_s: float) -> None:
        """Send what is queued (`telemetry.Reporter`)."""
        self._client.flush(timeout=timeout_s)


def build_event(fault: BaseException, fields: Mapping[str, Any]) -> Event:
    """Return the event of an exception: its type, `type at file:line function` for its message, its frames, the fields."""
    kind = type(fault)
    frames = [
        _build_frame(frame.f_globals, frame.f_code, line) for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    exception = {
        "type": kind.__name__,
        "module": kind.__module__,
        "value": describe_exception(fault),
        "stacktrace": {"frames": frames},
    }
    return {
        "level": "error",
        "exception": {"values": [exception]},
        "tags": {name: str(value) for name, value in fields.items()},
    }


def _build_frame(names: Mapping[str, Any], code: Any, line: int) -> dict[str, Any]:
    """Return a frame without its values. The path is that of the module: the folders above may hold a person's name."""
    # the module that a process was started with is called __main__
    module = getattr(names.get("__spec__"), "name", None) or str(names.get("__name__", ""))
    return {
        "module": module,
        "filename": code.co_filename.rpartition("/")[2],
        "function": code.co_name,
        "lineno": line,
        "in_app": module.partition(".")[0] in OUR_PACKAGES,
    }


def _keep_known_keys(event: Event, _hint: Any) -> Event:
    """Return the event without whatever the library added."""
    return cast("Event", {name: value for name, value in event.items() if name in KEPT_KEYS})


def _drop_breadcrumb(_crumb: Any, _hint: Any) -> None:
    """Drop what the library remembers of calls, queries and log lines."""
