"""What leaves by Sentry and OpenTelemetry, read byte by byte at a real receiver: type, place, ids, and no person's data."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bridge import __version__
from bridge.sandbox.http_messages import Response
from bridge.sandbox.httpd import StandIn
from tests.e2e import processes
from tests.factories import ASHA, CANARIES
from tests.telemetry.breaking import REQUEST_ID, TASK_ID
from tests.telemetry.receiver import receive

pytest.importorskip("sentry_sdk", reason="requirements-sentry.txt has it")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="requirements-otel.txt has it")

TRACES = re.compile(
    "|".join(
        re.escape(word)
        for word in (
            *CANARIES, ASHA.email, ASHA.phone, "qwertz", "hunter2", "203.0.113.77", "persons", "/good", "/root", "/home",
            f"{os.uname().nodename:_>6}", str(Path(__file__).parents[2]),
        )
    )
    + r"|\basha\b",
    re.IGNORECASE,
)  # fmt: skip
STATUSES = {"/good": 200, "/refused": 404, "/down": 503}


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """What the receiver got of a process that breaks in every way, and what that process wrote."""
    folder = tmp_path_factory.mktemp("telemetry")

    def answer(request):
        return Response(status=next(status for path, status in STATUSES.items() if request.path.startswith(path)))

    with receive() as receiver, StandIn("outside", answer) as outside:
        environ = processes.environment(
            f"sqlite:///{folder}/bridge.db",
            "redis://127.0.0.1:9/0",
            SENTRY_DSN=receiver.dsn,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.base_url,
            OTEL_EXPORTER_OTLP_HEADERS="x-project=seven",
            OUTSIDE_URL=outside.base_url,
        )
        done = processes.run(environ, "-m", "tests.telemetry.breaking")
        assert done.code == 1, done.out + done.err
        yield receiver, done


def test_no_byte_that_leaves_holds_a_person_a_secret_an_address_or_the_machine(left):
    receiver, done = left
    assert len(receiver.everything) > 5_000
    assert TRACES.findall(receiver.everything.decode("latin-1")) == []
    assert TRACES.findall(done.out + done.err) == []


def test_each_exception_is_reported_once_with_its_type_and_its_place(left):
    events = left[0].list_events()
    exceptions = [event["exception"]["values"] for event in events]
    assert {len(each) for each in exceptions} == {1}
    found = [(each["type"], each["module"], each["stacktrace"]["frames"]) for (each,) in exceptions]
    assert [(kind, module) for kind, module, _ in found] == [
        ("LeakingError", "__main__"),
        ("KeyError", "builtins"),
        ("IntegrityError", "sqlalchemy.exc"),
        ("RuntimeError", "builtins"),
        ("OSError", "builtins"),
        ("AssertionError", "builtins"),
    ]
    for (each,) in exceptions:
        last = each["stacktrace"]["frames"][-1]
        assert each["value"] == f"{each['type']} at {last['filename']}:{last['lineno']} {last['function']}"
        assert set(last) == {"module", "filename", "function", "lineno", "in_app"}
    assert (found[3][2][-1]["module"], found[3][2][-1]["function"]) == ("tests.telemetry.breaking", "fail")
    assert {frame["module"].partition(".")[0]: frame["in_app"] for frame in found[3][2]} == {
        "flask": False,
        "tests": False,
    }


def test_an_event_has_our_ids_the_process_and_the_version_and_no_key_that_we_do_not_know(left):
    events = left[0].list_events()
    assert [event["tags"] for event in events] == [
        {"job": "process", "row": REQUEST_ID},
        {"action": "gather", "request": REQUEST_ID, "system": "shopify", "task": TASK_ID},
        {"job": "index"},
        {},
        {},
        {},
    ]
    known = {
        "event_id",
        "timestamp",
        "platform",
        "level",
        "release",
        "environment",
        "server_name",
        "sdk",
        "exception",
        "tags",
    }
    assert [set(event) - known for event in events] == [set()] * len(events)
    assert {(event["server_name"], event["release"], event["environment"]) for event in events} == {
        ("clock", __version__, "development")
    }
    assert [event["sdk"].get("integrations") for event in events] == [[]] * len(events)


def test_a_call_outside_is_a_span_with_system_operation_and_status_and_no_address(left):
    spans = left[0].list_spans()
    calls = [span for span in spans if span["name"] == "outside.call"]
    assert [(span["bridge.system"], span["bridge.operation"], span["bridge.method"]) for span in calls] == [
        ("delhivery", "track", "GET")
    ] * 5
    assert [(span["bridge.status"], span.get("error.type")) for span in calls] == [
        (200, None),
        (404, "ConnectorRefused"),
        *[(503, "ConnectorUnavailable")] * 3,
    ]
    assert all(span["span"].end_time_unix_nano > span["span"].start_time_unix_nano for span in spans)
    assert not any(span["span"].events or span["span"].status.message for span in spans)
    (task,) = (span for span in spans if span["name"] == "task.run")
    assert (task["bridge.task"], task["bridge.action"], task["error.type"]) == (TASK_ID, "gather", "KeyError")
    assert task["resource"] == {
        "service.name": "shopify-compliance-bridge",
        "service.version": __version__,
        "deployment.environment.name": "development",
        "bridge.process": "clock",
    }


def test_the_headers_of_the_collector_are_sent_and_logged_nowhere(left):
    receiver, done = left
    assert "'x-project': 'seven'" in receiver.everything.decode("latin-1")
    assert "seven" not in done.out + done.err
