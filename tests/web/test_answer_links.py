"""A link that opens nothing tells nothing; whoever tries many has to wait; nothing of it is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bridge.errors import RequestsTooMany, StoreUnavailable
from bridge.model import NoticeState
from bridge.web.notices.limits import MAX_FAILURES, MAX_SUCCESSES, RateLimiter
from bridge.web.notices.limits import resolve_client_address as address_of
from tests.kit.threads import run_at_once
from tests.web.notice_case import answered, client_of, notify_task, rows, sent

UNKNOWN = "A" * 43


def shape(response):
    return response.status_code, sorted(response.headers.items()), response.data


# --- One page for every link that does not hold -------------------------------------------------------


def test_unknown_expired_used_and_answered_links_are_told_nothing_apart(client, services, clock):
    expired, used, reminded = notify_task(services, days=1), notify_task(services), notify_task(services)
    assert sent(client, used.path, answered(used, "erased")).status_code == 200
    with services.store.transaction() as tx:  # answered while a reminder with a link of its own was on its way
        tx.notices.save_notice(replace(reminded.notice, state=NoticeState.COMPLETED), expected_state=NoticeState.SENT)
    clock.at += timedelta(days=2)
    paths = [f"/notices/{UNKNOWN}", expired.path, used.path, reminded.path, "/notices/x", "/notices/%00%FF"]
    pages = [shape(client.get(path)) for path in paths]
    assert pages[0][0] == 404
    assert pages == [pages[0]] * len(paths)
    assert b"not valid any more" in pages[0][2]
    assert b"privacy@minimiss.com" in pages[0][2]
    for do in ("answer", "acknowledge"):
        posted = [shape(sent(client, path, answered(used, "erased") | {"do": do})) for path in paths]
        assert posted == pages
    assert client.head(expired.path).status_code == 404


def test_an_expired_link_changes_nothing_and_a_younger_one_of_the_same_letter_does(client, services, clock):
    one = notify_task(services, days=1)
    with services.store.transaction() as tx:
        tx.notices.save_link_token(one.notice.id, "younger", clock.now() + timedelta(days=9))
    clock.at += timedelta(days=2)
    before = rows(services)
    assert sent(client, one.path, answered(one, "erased")).status_code == 404
    assert rows(services) == before
    assert sent(client, "/notices/younger", answered(one, "erased")).status_code == 200


def test_the_same_work_is_done_for_each(client, services, clock):
    """One look for the link; only what is shown is read."""
    one = notify_task(services, days=1)
    clock.at += timedelta(days=2)
    asked = []
    from sqlalchemy import event  # noqa: PLC0415 - to count what the database is asked

    event.listen(services.store.engine, "before_cursor_execute", lambda *result: asked.append(result[2]))
    seen = []
    for path in (f"/notices/{UNKNOWN}", one.path, "/notices/x"):
        asked.clear()
        client.get(path)
        seen.append([each for each in asked if "BEGIN" not in each])
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == 1


@pytest.mark.parametrize("path", ["/notices", "/notices/", "/notices/a/b"])
def test_beside_it_there_is_nothing_and_no_redirect(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("how", ["put", "delete", "patch"])
def test_other_verbs_do_nothing(client, services, how):
    one = notify_task(services)
    assert getattr(client, how)(one.path).status_code == 405
    assert one.now() == one.notice


# --- Two at once --------------------------------------------------------------------------------------


def test_two_clerks_at_the_same_moment_one_wins_and_the_other_sees_the_page_of_a_used_link(services):
    for number in range(6):
        one = notify_task(services, 3)
        answers = ("erased", "not_found")
        pages = run_at_once(
            *(partial(sent, client_of(services), one.path, answered(one, answer)) for answer in answers)
        )
        got = dict(zip(answers, pages, strict=True))
        assert sorted(page.status_code for page in got.values()) == [200, 404], number
        won = next(answer for answer, page in got.items() if page.status_code == 200)
        lost = next(page for page in got.values() if page.status_code == 404)
        assert {line.answer for line in one.lines()} == {won}
        assert lost.data == client_of(services).get("/notices/x").data
        assert len(one.facts()) == number + 1


def test_a_receipt_or_a_reminder_meanwhile_does_not_cost_the_answer(client, services, monkeypatch):
    one = notify_task(services)
    from bridge.web.notices import page  # noqa: PLC0415 - the step as the page knows it

    step, calls = page.record_answer, []

    def late(notice_id, *result, **more):
        if not calls:  # as if another transaction had been first
            calls.append(notice_id)
            raise page.ConcurrentChange
        return step(notice_id, *result, **more)

    monkeypatch.setattr(page, "record_answer", late)
    assert sent(client, one.path, answered(one, "erased")).status_code == 200
    assert one.now().state is NoticeState.COMPLETED


def test_a_list_that_changed_meanwhile_is_shown_again(client, services, monkeypatch):
    one = notify_task(services)
    from bridge.web.notices import page  # noqa: PLC0415

    def changed(*_read_text, **_more):
        raise page.PayloadInvalid("entry_missing")

    monkeypatch.setattr(page, "record_answer", changed)
    shown = sent(client, one.path, answered(one, "erased"))
    assert shown.status_code == 422
    assert "The list changed while you answered" in shown.text


# --- How often ----------------------------------------------------------------------------------------


def test_after_thirty_bad_links_a_client_waits_and_others_do_not(services):
    client = client_of(replace(services, settings=replace(services.settings, trusted_proxies=("private",))))
    one = notify_task(services)
    asked = [client.get("/notices/x", headers={"X-Forwarded-For": f"9.9.9.{n}, 198.51.100.7"}) for n in range(31)]
    assert [each.status_code for each in asked] == [404] * MAX_FAILURES + [429]
    last = asked[-1]
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert "Too many tries" in last.text
    assert last.headers["Connection"] == "close"
    mine = {"X-Forwarded-For": "198.51.100.7"}
    assert client.get(one.path, headers=mine).status_code == 429, "a good link has to wait too"
    assert sent(client, one.path, answered(one, "erased"), headers=mine).status_code == 429
    assert one.now() == one.notice
    assert client.get(one.path, headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 200


def test_good_links_may_be_opened_120_times_a_minute(client, services):
    one = notify_task(services)
    assert {client.get(one.path).status_code for _ in range(MAX_SUCCESSES)} == {200}
    assert client.get(one.path).status_code == 429


def test_a_window_ends_after_a_minute():
    now = [0.0]
    limits = RateLimiter(lambda _, content: content.decode(), now=lambda: now[0])
    for _ in range(MAX_FAILURES):
        limits.count_request(limits.admit("a"), succeeded=False)
    now[0] = 59.5
    with pytest.raises(RequestsTooMany) as fault:
        limits.admit("a")
    assert fault.value.retry_after_s == 1
    now[0] = 60
    limits.count_request(limits.admit("a"), succeeded=False)
    assert limits.admit("a") == "a"


def test_the_memory_of_clients_is_bounded_and_holds_no_address():
    limits = RateLimiter(lambda name, content: f"{name}{hash(content)}", max_clients=50)
    for number in range(500):
        limits.count_request(limits.admit(f"198.51.100.{number}"), succeeded=False)
    assert len(limits._windows) == 50
    assert "198.51" not in repr(limits._windows)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),  # nobody's router: a stranger's own word
        ("10.1.2.3", "9.9.9.9", "9.9.9.9"),
        ("10.1.2.3", "1.1.1.1, 9.9.9.9", "9.9.9.9"),  # the first was the stranger's own word
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "1.1.1.1, unknown", "10.1.2.3"),
        ("", "9.9.9.9", "9.9.9.9"),
        ("10.1.2.3", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("10.1.2.3", "::ffff:9.9.9.9", "9.9.9.9"),
        ("fe80::1%eth0", "9.9.9.9", "9.9.9.9"),
    ],
)
def test_who_asks_is_the_other_end_or_whom_the_host_s_own_router_names(peer, forwarded, counted):
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
    assert address_of(environ, ("private",)) == counted


@pytest.mark.parametrize(
    ("peer", "proxies", "counted"),
    [
        ("10.1.2.3", (), "10.1.2.3"),  # no router is known: a neighbour's own word
        ("127.0.0.1", (), "127.0.0.1"),
        ("10.1.2.3", ("10.1.0.0/16",), "9.9.9.9"),
        ("10.2.2.3", ("10.1.0.0/16", "192.168.0.0/16"), "10.2.2.3"),
        ("2001:db8::1", ("10.0.0.0/8", "2001:db8::/32"), "9.9.9.9"),
    ],
)
def test_only_a_trusted_router_names_the_client(peer, proxies, counted):
    assert address_of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "9.9.9.9"}, proxies) == counted


# --- What is written down -----------------------------------------------------------------------------


def test_no_link_no_note_and_no_address_is_logged(client, services, capfd, monkeypatch):
    one = notify_task(services)
    mine = {"X-Forwarded-For": "198.51.100.77"}
    for fields in ({"do": "none"}, answered(one, "maybe", note="Asha"), answered(one, "erased", note="Asha")):
        sent(client, one.path, fields, headers=mine)
    client.get(one.path, headers=mine)
    client.get(f"/notices/{UNKNOWN}", headers=mine)

    def broken(*_read_text, **_more):
        raise RuntimeError(f"{one.token} Asha")

    again = notify_task(services)
    monkeypatch.setattr("bridge.web.notices.view_models.build_record_lines", broken)
    assert client.get(again.path, headers=mine).status_code == 500
    out = "".join(capfd.readouterr())
    assert "request.refused" in out
    assert "request.failed" in out
    for secret in (one.token, again.token, UNKNOWN, "Asha", "198.51.100.77"):
        assert secret not in out


def test_a_database_that_is_down_is_said_in_words(client, services, monkeypatch):
    one = notify_task(services)

    def down():
        raise StoreUnavailable("database: OperationalError")

    monkeypatch.setattr(services.store, "transaction", down)
    page = client.get(one.path)
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "We cannot take your answer at this moment" in page.text
    assert "OperationalError" not in page.text
