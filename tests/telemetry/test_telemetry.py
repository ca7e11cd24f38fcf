"""Telemetry: off unless it is set, refused without its package, one report of each exception, and words and own ids only."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge import telemetry
from bridge.errors import StoreUnavailable
from bridge.steps.requests.process import process_request
from tests.e2e import processes
from tests.factories import ASHA, CANARIES, make_request, make_task, opened
from tests.fakes import page
from tests.house.tree import ROOT

SETTINGS = {"SENTRY_DSN": "http://key@127.0.0.1:9/7", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
# as on a host without the extras, whatever is installed here
RUN_WITHOUT_EXTRAS = (
    "import sys; sys.modules['sentry_sdk'] = sys.modules['opentelemetry'] = None; from {module} import main; main()"
)
REQUEST_ID = "req_01M8PQQAZ9JQJJB37V083E4GHZ"


class Collector:
    """Keeps reports and spans in memory."""

    def __init__(self):
        self.reports, self.spans = [], []

    def send_report(self, fault, fields):
        self.reports.append((fault, fields))

    def begin(self, name):
        return name

    def end(self, span, fields, error):
        self.spans.append((span, fields, error))

    def flush(self, timeout_s):
        pass


@pytest.fixture
def collector(monkeypatch):
    kept = Collector()
    monkeypatch.setattr(telemetry, "_started", telemetry._Telemetry(kept, kept))
    monkeypatch.setattr(telemetry, "_reported_at", {})
    return kept


def raise_and_report(fault, **fields):
    try:
        raise fault
    except type(fault) as caught:
        telemetry.report_exception(caught, **fields)


@pytest.fixture(scope="module")
def settings_environ(tmp_path_factory):
    return processes.environment(f"sqlite:///{tmp_path_factory.mktemp('telemetry')}/bridge.db", "redis://127.0.0.1:9/0")


@pytest.mark.parametrize("process", ["web", "worker", "clock"])
def test_without_a_setting_nothing_is_imported(settings_environ, process):
    script = (
        "import sys; from config.load import read_configuration; from bridge.telemetry import *\n"
        f"start_telemetry('{process}', read_configuration().settings)\n"
        "with observe('job.run', job='index'): pass\n"
        "report_exception(ValueError()); flush_telemetry()\n"
        "print([each for each in sys.modules if each.startswith(('sentry', 'opentelemetry'))], sys.excepthook is sys.__excepthook__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=settings_environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] True\n"


@pytest.mark.parametrize("module", ["workers.web", "workers.run", "workers.schedule"])
def test_no_process_starts_where_a_setting_needs_what_is_not_installed(settings_environ, module):
    done = processes.run({**settings_environ, **SETTINGS}, "-c", RUN_WITHOUT_EXTRAS.format(module=module))
    assert done.code == 1
    shown = done.err.splitlines()[-2:]
    command = "pip install --require-hashes -r requirements.txt -r"
    exporter = "opentelemetry-exporter-otlp-proto-http"
    assert shown == [
        f"  SENTRY_DSN is set, but sentry-sdk is not installed: {command} requirements-sentry.txt",
        f"  OTEL_EXPORTER_OTLP_ENDPOINT is set, but {exporter} is not installed: {command} requirements-otel.txt",
    ]


def test_doctor_names_the_missing_package_and_the_command_that_installs_it(settings_environ):
    processes.migrate(settings_environ)
    script = ("-c", RUN_WITHOUT_EXTRAS.format(module="bridge.cli"), "doctor", "--offline", "--json")
    checks = [
        each
        for each in processes.run({**settings_environ, **SETTINGS}, *script).json["checks"]
        if each["name"] == "telemetry"
    ]
    assert [(check["ok"], check["stops_release"]) for check in checks] == [(False, True)] * 2
    assert [check["fix"].rpartition(" ")[2] for check in checks] == ["requirements-sentry.txt", "requirements-otel.txt"]
    unset = processes.run(settings_environ, *script).json["checks"]
    assert [check for check in unset if check["name"] == "telemetry"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTRY_DSN", "https://sentry.example.com/7"),
        ("SENTRY_DSN", "sentry.example.com"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
    ],
)
def test_a_setting_that_is_not_of_its_form_is_refused_without_its_value(settings_environ, name, value):
    refused = processes.say({**settings_environ, name: value}, "dsr", "list")
    assert refused.code == 1
    assert name in refused.err
    assert value not in refused.err


# --- What may leave ------------------------------------------------------------------------------------


@given(st.text(st.characters(categories=["N", "P", "S", "L", "Z"])))
def test_no_text_but_words_and_our_own_ids_leaves(text):
    kept = telemetry.select_safe_fields({"row": text})
    assert kept == {} or all(letter.isascii() and (letter.isalpha() or letter in " ._/-") for letter in text)


@pytest.mark.parametrize(
    "value", [*CANARIES[2:], ASHA.email, ASHA.phone, 9811122233, "req_1", "minimiss.myshopify.com7", None, b"x"]
)
def test_numbers_addresses_and_ids_of_others_are_left_out(value):
    assert telemetry.select_safe_fields({"row": value, "email": "asha"}) == {}


def test_words_small_numbers_flags_and_our_ids_are_kept():
    kept = {"row": REQUEST_ID, "topic": "customers/redact", "status": 503, "new": True, "system": "alert webhook"}
    assert telemetry.select_safe_fields(kept) == kept


# --- Once ----------------------------------------------------------------------------------------------


def test_an_exception_is_reported_once_by_whoever_comes_first(collector):
    fault = ValueError()
    raise_and_report(fault, job="process")
    raise_and_report(fault, job="other")
    assert [fields for _, fields in collector.reports] == [{"job": "process"}]


def test_the_same_fault_at_the_same_place_is_reported_again_only_after_a_while(collector, monkeypatch):
    for _ in range(3):
        raise_and_report(ValueError(), row=REQUEST_ID)
    raise_and_report(ValueError(), row=REQUEST_ID.replace("req", "dlv"))
    raise_and_report(KeyError(), row=REQUEST_ID)
    assert len(collector.reports) == 3
    later = telemetry.time.monotonic() + telemetry.REPEAT_AFTER_S
    monkeypatch.setattr(telemetry.time, "monotonic", lambda: later)
    raise_and_report(ValueError(), row=REQUEST_ID)
    assert len(collector.reports) == 4


def test_what_may_be_tried_again_is_no_unexpected_exception(collector):
    raise_and_report(StoreUnavailable())
    assert collector.reports == []


def test_an_exception_keeps_the_ids_of_the_blocks_that_it_leaves(collector):
    fault = ValueError()
    outer, inner = (
        telemetry.observe("job.run", job="process"),
        telemetry.observe("task.run", task=REQUEST_ID, system="shopify"),
    )
    with suppress(ValueError), outer, inner:
        raise fault
    raise_and_report(fault, row=REQUEST_ID)
    assert collector.reports == [
        (fault, {"job": "process", "task": REQUEST_ID, "system": "shopify", "row": REQUEST_ID})
    ]
    assert collector.spans == [
        ("task.run", {"task": REQUEST_ID, "system": "shopify"}, "ValueError"),
        ("job.run", {"job": "process"}, "ValueError"),
    ]


def test_a_library_that_fails_stops_nothing_that_it_watches(collector):
    def refuse(*_given):
        raise RuntimeError(ASHA.email)

    collector.send_report = collector.end = refuse
    with structlog.testing.capture_logs() as lines:
        raise_and_report(ValueError())
        with telemetry.observe("job.run", job="process"):
            worked = True
        collector.begin = refuse
        with telemetry.observe("job.run", job="process"):
            worked &= True
    assert worked
    assert [line["event"] for line in lines] == ["telemetry.failed"] * 3
    assert ASHA.email not in str(lines)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_task_that_breaks_is_reported_with_its_request_and_its_own_id(services, platform, collector):
    request = make_request()
    task = make_task(request.id)
    with services.store.transaction() as tx:
        opened(tx, request, task)
    platform.pages, platform.dies_before = [page()], {1: RuntimeError(" ".join(CANARIES))}
    with pytest.raises(RuntimeError) as broken:
        process_request(request.id, services=services)
    telemetry.report_exception(broken.value, job="process")
    ((_, fields),) = collector.reports
    assert fields | {"request": request.id, "task": task.id} == {
        "job": "process", "request": request.id, "task": task.id, "system": "shopify", "action": "gather"
    }  # fmt: skip
    assert not [word for word in CANARIES if word in json.dumps(fields)]
