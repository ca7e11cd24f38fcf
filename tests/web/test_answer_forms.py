"""Whatever bytes are sent: an answer, a fault in words, or a refusal; never a 500, never half an answer."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import date
from itertools import count
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.errors import FormInvalid
from bridge.model import ProcessorAnswer
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS, validate_answer
from bridge.web.notices import form
from bridge.web.notices.messages import PROBLEM_TEXTS
from bridge.web.problems import STATUS_BY_ERROR
from tests.e2e import processes
from tests.kit.suite.examples import count_examples
from tests.web.notice_case import answered, client_of, entry_of, notify_task, rows, sent

FORM = "application/x-www-form-urlencoded"
ONCE = settings(
    max_examples=count_examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MB = 1_000_000


# --- Bodies that are no form --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "x"])
def test_a_body_of_another_kind_is_415_whatever_the_link(client, services, kind):
    one = notify_task(services)
    good = sent(client, one.path, answered(one, "erased"), content_type=kind)
    assert good.status_code == 415
    assert good.headers["Connection"] == "close"
    assert "send the form again" in good.text
    assert sent(client, "/notices/x", answered(one, "erased"), content_type=kind).data == good.data
    assert one.now() == one.notice


def test_the_kind_may_name_its_letters(client, services):
    one = notify_task(services)
    result = sent(client, one.path, answered(one, "erased"), content_type=f"{FORM}; charset=UTF-8")
    assert result.status_code == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"&&&==%%%",
        b"do=answer&do=answer",
        b"do=everything",
        b"do=answer&x=%FF",
        b"do=answer&x=\xff",
        "do=answer&x=é".encode(),
        b"&".join([b"do=answer", *[b"a=" for _ in range(form.MAX_FORM_FIELDS)]]),
    ],
    ids=range(8),
)
def test_what_is_not_our_form_is_400_whatever_the_link(client, services, raw):
    one = notify_task(services)
    page = sent(client, one.path, raw)
    assert page.status_code == 400
    assert "Nothing was recorded" in page.text
    assert sent(client, "/notices/x", raw).data == page.data
    assert one.now() == one.notice


def test_a_body_over_the_limit_is_413_and_one_below_is_read(client, services):
    one = notify_task(services)
    start = urlencode(answered(one, "erased")).encode() + b"&x="
    page = sent(client, one.path, start + b"x" * form.MAX_FORM_BYTES)
    assert page.status_code == 413
    assert page.headers["Connection"] == "close"
    assert "shorten the notes" in page.text
    assert one.now() == one.notice
    assert sent(client, one.path, start + b"x" * (form.MAX_FORM_BYTES - len(start))).status_code == 200


def test_the_limits_are_fit_for_ten_thousand_lines_and_a_long_note_on_each_hundredth():
    lines = [entry_of(each).id for each in range(form.MAX_FORM_LINES)]
    fields = {f"{key}-{part}": "" for key in ("all", *lines) for part in form.FIELD_PARTS} | {"do": "answer"}
    fields |= {f"{key}-note": "क" * 500 for key in lines[::100]}
    raw = urlencode(fields).encode()
    assert len(raw) < form.MAX_FORM_BYTES
    assert form.parse_answer_form(raw).of(lines[0]).note == "क" * 500


# --- Garbage ------------------------------------------------------------------------------------------

NASTY = st.one_of(
    st.sampled_from(
        [
            *ProcessorAnswer,
            *PROCESSOR_RETENTION_LAWS,
            "",
            "2033-03-31",
            "2026-11-23",
            "9999-12-31",
            "0000-00-00",
            "2033-W01-1",
        ]
    ),
    st.text(max_size=40),
    st.text("x\n\r\x00", min_size=495, max_size=510),
)
_addresses = count(1)


@given(raw=st.one_of(st.binary(max_size=300), st.text("do=answr&%0Fé-", max_size=60).map(str.encode)))
@example(b"do=answer")
@ONCE
def test_bytes_of_any_kind_change_nothing(services, raw):
    one = notify_task(services, 2)
    before = rows(services)
    page = sent(client_of(services), one.path, raw)
    assert page.status_code in (400, 422)
    assert rows(services) == before


@given(st.data())
@ONCE
def test_a_form_of_garbage_is_an_answer_or_nothing_at_all(services, data):
    one = notify_task(services, data.draw(st.integers(1, 3)))
    keys = [*(line.id for line in one.entries), "all", "ent_nobody"]
    names = st.sampled_from([f"{key}-{part}" for key in keys for part in (*form.FIELD_PARTS, "x")])
    fields = data.draw(st.dictionaries(names, NASTY, max_size=12))
    fields["do"] = data.draw(st.sampled_from(["answer", "answer", "acknowledge"]))
    page = sent(client_of(services), one.path, fields)
    lines = one.lines()
    if page.status_code == 200 and fields["do"] == "answer":
        assert None not in {line.answer for line in lines}
        assert all((line.answer is ProcessorAnswer.RETAINED) == bool(line.until and line.law) for line in lines)
    else:
        assert page.status_code in (200, 422)
        assert [(line.answer, line.note) for line in lines] == [(None, "")] * len(lines)
        assert page.status_code == 200 or one.now() == one.notice


@given(
    fields=st.dictionaries(
        st.sampled_from([f"{key}-{part}" for key in ("all", entry_of(1).id) for part in form.FIELD_PARTS]), NASTY
    ),
    number=st.integers(1, 2),
)
@settings(max_examples=count_examples(300), deadline=None)
def test_what_the_page_finds_good_the_rules_find_good(fields, number):
    entries, today = [entry_of(each) for each in range(1, number + 1)], date(2026, 11, 22)
    output, faults = form.evaluate_form(form.AnswerForm(fields), entries, today=today)
    if not faults:
        validate_answer(entries, output, today=today)
    assert faults or set(output) == {each.id for each in entries}


@given(st.binary(max_size=200))
def test_reading_gives_a_form_or_one_kind_of_error(raw):
    try:
        assert form.parse_answer_form(raw).action in ("answer", "acknowledge")
    except FormInvalid as fault:
        assert str(fault) == ""  # noqa: PT017 - what it may say is the point


# --- Thousands of lines -------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_thousand_lines_are_shown_in_bounded_memory_and_answered_by_one_choice(client, services):
    one = notify_task(services, 2_000)
    client.get(notify_task(services).path)  # templates are compiled once
    tracemalloc.start()
    asked = client.get(one.path, headers={"Accept-Encoding": "gzip"}, buffered=False)
    size = sum(len(piece) for piece in asked.iter_encoded())
    _, peak = tracemalloc.get_traced_memory()
    assert peak < 10 * MB, "the entries, and never the page"
    assert size < 0.24 * MB
    tracemalloc.reset_peak()
    receipt = sent(client, one.path, answered(one, "erased"), headers={"Accept-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * MB
    assert receipt.status_code == 200
    text = gzip.decompress(receipt.data).decode()
    assert "2,000 of 2,000" in text
    assert text.count("<li>") == 2_000
    assert {line.answer for line in one.lines()} == {ProcessorAnswer.ERASED}


def test_the_page_has_words_for_every_answer_to_a_fault():
    assert set(STATUS_BY_ERROR.values()) - {401, 410} <= PROBLEM_TEXTS.keys(), "of webhooks, and of links of persons"


# --- Over the wire ------------------------------------------------------------------------------------


def test_over_the_wire_it_is_the_same_and_a_slow_body_is_408(edge):
    one = notify_task(edge.services, 2)
    page = processes.ask(edge.url, one.path, None, {"Accept-Encoding": "gzip"}, "GET")
    assert page.status == 200
    assert one.entries[0].reference.encode() in gzip.decompress(page.body)
    looked = processes.ask(edge.url, one.path, None, {}, "HEAD")
    assert (looked.status, looked.body) == (200, b"")
    raw = urlencode(answered(one, "erased")).encode()
    head = f"POST {one.path} HTTP/1.1\r\nHost: b.example\r\nContent-Type: {FORM}\r\nContent-Length: {len(raw)}\r\n\r\n"
    slow = processes.wire(edge.bridge.port, head.encode(), raw[:20])
    assert processes.status(slow) == 408
    assert b"did not arrive in time" in slow
    assert processes.status(processes.wire(edge.bridge.port, head.encode(), raw[:20], end=True)) == 400
    chunks = head.replace(f"Content-Length: {len(raw)}", "Transfer-Encoding: chunked").encode()
    whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(raw), raw)
    assert processes.status(processes.wire(edge.bridge.port, chunks, whole)) == 411, "its end could be a cut"
    assert one.now() == one.notice
    done = processes.ask(edge.url, one.path, raw, {"Content-Type": FORM})
    assert done.status == 200
    assert processes.ask(edge.url, one.path, raw, {"Content-Type": FORM}).status == 404
    logs = "".join(path.read_text() for path in edge.bridge.logs.values())
    assert one.token not in logs
    metrics = processes.ask(edge.url, "/metrics", None, {}, "GET").body.decode()
    assert one.token not in metrics
