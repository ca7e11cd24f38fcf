"""A process that breaks in every way over a person's data. `python -m tests.telemetry.breaking` with a canary in every place.

What it does goes through the bridge's own doors: the error table of the web process, the HTTP client, the hooks for what
no code catches.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress

import sqlalchemy
from flask import Flask, request

from bridge import logs, telemetry
from bridge.connectors.http import HttpClient
from bridge.errors import BridgeError
from bridge.web.problems import install_error_handlers
from config.load import read_configuration
from tests.factories import ASHA, CANARIES

PERSON = f"Asha {' '.join(CANARIES)} {ASHA.email} {ASHA.phone}"
REQUEST_ID, TASK_ID = "req_01M8PQQAZ9JQJJB37V083E4GHZ", "tsk_01M8PQQAZFEYWZQQ9RGKPCAH0B"


class LeakingError(Exception):
    """An error that shows its argument in every form."""


def break_by_message_and_locals():
    asha = {"email": ASHA.email, "phone": ASHA.phone}
    fault = LeakingError(PERSON, asha)
    fault.add_note(PERSON)
    try:
        try:
            int(PERSON)
        except ValueError as cause:
            raise fault from cause
    except LeakingError as caught:
        telemetry.report_exception(caught, job="process", row=REQUEST_ID, person=ASHA.email)


def break_a_task():
    def run():
        with telemetry.observe("task.run", request=REQUEST_ID, task=TASK_ID, system="shopify", action="gather"):
            raise KeyError(PERSON)

    try:
        run()
    except KeyError as caught:
        telemetry.report_exception(caught)
        telemetry.report_exception(caught)


def break_a_statement():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE persons (email TEXT UNIQUE)")
        statement = sqlalchemy.text("INSERT INTO persons VALUES (:email)")
        connection.execute(statement, {"email": PERSON})
        try:
            connection.execute(statement, {"email": PERSON})
        except sqlalchemy.exc.IntegrityError as caught:
            telemetry.report_exception(caught, job="index")
    engine.dispose()


def break_an_answer():
    app = Flask(__name__)
    install_error_handlers(app)

    @app.post("/break/<name>")
    def fail(name):
        raise RuntimeError(name, request.get_data(), request.query_string, request.headers, request.cookies)

    client = app.test_client()
    client.set_cookie("session", "hunter2")
    answer = client.post(
        "/break/Asha?email=asha@qwertzuiop.example",
        json={"person": PERSON},
        headers={"Authorization": "Bearer hunter2", "X-Person": PERSON, "User-Agent": PERSON},
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    assert answer.status_code == 500


def call_outside(url):
    client = HttpClient("delhivery", sleep=lambda _: None)
    for path in ("/good", "/refused", "/down"):
        with suppress(BridgeError):
            client.call(
                "GET",
                f"{url}{path}/AWB7007007",
                operation="track",
                params={"email": ASHA.email, "key": "hunter2"},
                headers={"Authorization": "Bearer hunter2"},
            )


def break_where_nobody_catches():
    def end():
        raise OSError(PERSON)

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    raise AssertionError(PERSON)


def main():
    settings = read_configuration().settings
    logs.configure_logging("DEBUG", "json")
    logs.log_start("clock")
    telemetry.start_telemetry("clock", settings)
    logging.getLogger("library").warning("sent a letter to %s", PERSON)
    call_outside(os.environ["OUTSIDE_URL"])
    for fail in (break_by_message_and_locals, break_a_task, break_a_statement, break_an_answer):
        fail()
    break_where_nobody_catches()


if __name__ == "__main__":
    main()
