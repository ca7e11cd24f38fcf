"""Records of libraries become one line each: their template, and nothing of their arguments."""

import json
import logging
import sys

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge import logs

CANARY = "asha@example.com"


def describe(message, *arguments):
    return logs._describe_record(logging.LogRecord("rq.worker", logging.WARNING, "x.py", 1, message, arguments, None))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Worker %s: could not connect to Redis: %s retrying in %d seconds...",
            "Worker …: could not connect to Redis: … retrying in … seconds...",
        ),
        ("raising ShutDownImminentException in %d seconds", "raising ShutDownImminentException in … seconds"),
        ("%(name)s took %5.2f%% of %-10s", "… took …% of …"),
        ("no placeholder, 100%", "no placeholder, 100%"),
        ("", ""),
        ("first\nsecond", "first"),
    ],
)
def test_no_placeholder_is_left_raw(message, expected):
    assert describe(message, CANARY) == expected


@given(st.text())
def test_whatever_the_template_is_the_arguments_stay_out(message):
    assert CANARY not in describe(message, CANARY)
    assert len(describe(message, CANARY).splitlines()) <= 1


def test_an_exception_as_message_is_named_by_its_kind():
    assert describe(ValueError(CANARY)) == "ValueError"


def test_what_no_code_catches_is_one_line_without_its_text(monkeypatch, capsys):
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = (sys.excepthook, sys.unraisablehook)
    try:
        logs.configure_logging("INFO", "json")
        logs.log_start("worker")
        try:
            int(CANARY)
        except ValueError as fault:
            sys.excepthook(type(fault), fault, fault.__traceback__)
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
        sys.excepthook, sys.unraisablehook = hooks
        logging.captureWarnings(capture=False)
    started, crashed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (started["event"], started["process"]) == ("process.started", "worker")
    assert crashed["event"] == "process.crashed"
    assert crashed["fault"].startswith("ValueError at test_logs.py:")
    assert CANARY not in json.dumps(crashed)


def test_what_one_test_configures_hides_no_line_of_the_next():
    before = structlog.get_config()
    log = structlog.get_logger()
    logs.configure_logging("ERROR", "text")
    log.info("hidden")
    structlog.configure(**before)
    with structlog.testing.capture_logs() as lines:
        log.info("shown")
    assert [line["event"] for line in lines] == ["shown"]
