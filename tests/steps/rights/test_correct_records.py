"""Corrections: written and read back, told to each recipient, declined with a code, and never on an invoice."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable
from bridge.model import (
    AnswerRow,
    CorrectableOrder,
    Fact,
    LetterKind,
    NoticeChannel,
    NoticePurpose,
    NoticeState,
    Outcome,
    Principal,
    ProcessorAnswer,
    RequestDetails,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.steps.notices.record_answer import record_answer
from bridge.steps.requests.open_for_person import open_person_request
from tests.factories import ASHA, NOW, SHOP, order
from tests.kit.operator_requests import let_act

NEW_PHONE, NEW_MAIL = "+919811122299", "asha.new@qwertzuiop.example"
CORRECT = ("shopify", TaskAction.CORRECT)


def test_p13_a_phone_is_corrected_everywhere_and_the_carrier_of_an_open_parcel_is_told_at_once(desk):
    request_id = desk.correct(phone=NEW_PHONE)
    assert desk.platform.values["7001"]["phone"] == NEW_PHONE
    assert desk.platform.orders[0].values["phone"] == NEW_PHONE
    task = desk.tasks(request_id)[CORRECT]
    assert (task.state, task.outcome, task.progress.corrected) == (TaskState.DONE, Outcome.CHANGED, ("phone",))
    assert (task.progress.orders, task.progress.orders_refused) == (1, 0)
    assert ("delhivery", TaskAction.NOTIFY_PROCESSOR) in desk.tasks(request_id)
    [item] = desk.items(request_id)
    assert (item.processor, item.reference) == ("delhivery", "AWB7007007")
    desk.notify()  # the parcel is on its way, and nothing waits for it to arrive
    [letter] = desk.mailer.letters
    assert "AWB7007007" in letter.text
    assert ": phone" in letter.text
    assert NEW_PHONE not in letter.text + letter.html + letter.subject
    [(_, _, table)] = letter.attachments
    assert f'"\'{NEW_PHONE}"' in table.decode()
    assert desk.letters(request_id) == [
        (LetterKind.CORRECTED, 0, {"fields": "phone", "recipients": "delhivery", "declined": ""})
    ]


def test_p31_recipients_of_delivered_parcels_are_told_too_and_counted(desk):
    with desk.store.transaction() as tx:
        sent = order(1002, parcels=[("Delhivery", "AWB1"), ("Blue Dart", "BD1")], fulfillment_status="fulfilled")
        tx.index.ingest_sightings(SHOP, [sent])
    request_id = desk.correct(address="address1: 9 Elsewhere Road\ncity: Agra\nzip: 282002")
    assert desk.tasks(request_id)[CORRECT].progress.recipients == {"bluedart": 1, "delhivery": 2}
    assert {item.reference for item in desk.items(request_id)} == {"AWB7007007", "AWB1", "BD1"}
    done = next(fact for fact in desk.facts(request_id) if fact.fact == Fact.RECORDS_CORRECTED)
    assert done.detail["recipients"] == {"bluedart": 1, "delhivery": 2}


def test_a_processor_gets_no_value_that_the_file_does_not_allow_it(desk):
    request_id = desk.correct(email=NEW_MAIL)
    desk.notify()
    [letter] = desk.mailer.letters
    [(_, _, table)] = letter.attachments
    assert "email" in table.decode()
    assert NEW_MAIL not in table.decode() + letter.text
    assert desk.items(request_id)[0].purpose is NoticePurpose.CORRECT


def test_the_person_is_found_by_the_new_address_and_no_longer_by_the_former_one(desk):
    desk.correct(email=NEW_MAIL)
    with desk.store.read() as tx:
        found = tx.person_lookup.find_subject(SHOP, Principal(email=NEW_MAIL))
        assert found == tx.person_lookup.find_subject(SHOP, Principal(customer_id="7001"))
        assert [row.order_key for row in tx.person_lookup.list_order_rows(SHOP, Principal(email=NEW_MAIL))]
        assert tx.person_lookup.list_order_rows(SHOP, Principal(email=ASHA.email)) == []
        assert tx.person_lookup.find_subject(SHOP, Principal(email=ASHA.email)) != found


def test_what_the_platform_refuses_is_declined_with_a_code_and_the_letter_says_so(desk):
    desk.platform.refuses = {"email": "taken"}
    request_id = desk.correct(email=NEW_MAIL, phone=NEW_PHONE)
    task = desk.tasks(request_id)[CORRECT]
    assert task.progress.declined == (("email", "taken"),)
    assert desk.letters(request_id)[0][2] == {"fields": "phone", "recipients": "delhivery", "declined": "email:taken"}
    record = desk.record(request_id)
    assert (record["asked"], record["status"]) == ({"fields": ["email", "phone"]}, "in_progress")
    assert desk.platform.values["7001"]["email"] == ASHA.email


@pytest.mark.parametrize(
    ("changes", "declined"),
    [
        ({"address": "somewhere else"}, (("address", "unreadable"),)),
        ({"email": "no address"}, (("email", "unreadable"),)),
        ({"phone": "12"}, (("phone", "unreadable"),)),
    ],
)
def test_what_cannot_be_read_is_declined_and_nobody_is_told(desk, changes, declined):
    request_id = desk.correct(**changes)
    task = desk.tasks(request_id)[CORRECT]
    assert (task.progress.declined, task.outcome, task.progress.recipients) == (declined, Outcome.RETAINED, {})
    assert desk.items(request_id) == []
    assert desk.request(request_id).state is RequestState.DONE
    assert desk.record(request_id)["status"] == "partly_fulfilled"


def test_a_customer_that_the_platform_does_not_know_or_several_are_declined(desk):
    del desk.platform.values["7001"]
    assert desk.tasks(desk.correct(phone=NEW_PHONE))[CORRECT].progress.declined == (("phone", "customer_unknown"),)


def test_an_order_that_goes_to_somebody_else_keeps_its_recipient(desk):
    gift = {"first_name": "Bina", "phone": "+919811100000", "address": "address1: 1 Gift Road\ncity: Pune\nzip: 411001"}
    desk.platform.orders = [CorrectableOrder(id="1001", values=gift)]
    request_id = desk.correct(phone=NEW_PHONE, first_name="Aasha")
    assert desk.platform.orders[0].values == gift
    assert desk.tasks(request_id)[CORRECT].progress.orders == 0


def test_a_crash_between_the_platform_and_the_record_is_resumed_and_the_former_values_are_remembered(desk):
    desk.platform.dies_after_write = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        desk.correct(phone=NEW_PHONE, email=NEW_MAIL)
    with desk.store.read() as tx:
        [request_id] = [fact.request_id for fact in tx.evidence.iterate_facts() if fact.fact == Fact.REQUEST_OPENED]
    assert desk.platform.values["7001"]["phone"] == NEW_PHONE
    desk.clock.at = NOW.replace(hour=NOW.hour + 1)
    assert desk.process(request_id)
    task = desk.tasks(request_id)[CORRECT]
    assert task.progress.corrected == ("phone", "email")
    assert desk.platform.orders[0].values["phone"] == NEW_PHONE
    assert [change.old for change in desk.details(request_id).particulars.changes] == [ASHA.phone, ASHA.email]
    with desk.store.read() as tx:
        assert tx.person_lookup.list_order_rows(SHOP, Principal(email=ASHA.email)) == []


def test_twice_is_once(desk):
    request_id = desk.correct(phone=NEW_PHONE)
    written, facts = list(desk.platform.written), [fact.fact for fact in desk.facts(request_id)]
    again = desk.correct(phone=NEW_PHONE)
    assert again == request_id
    assert [one for one in desk.platform.written if one] == [one for one in written if one]
    assert len(desk.items(request_id)) == 1
    assert [fact.fact for fact in desk.facts(request_id)].count(Fact.RECORDS_CORRECTED) == facts.count(
        Fact.RECORDS_CORRECTED
    )


def test_a_second_correction_joins_the_first_and_is_carried_out_and_told(desk):
    request_id = desk.correct(phone=NEW_PHONE)
    assert desk.correct(first_name="Aasha") == request_id
    assert desk.platform.values["7001"]["first_name"] == "Aasha"
    assert desk.platform.values["7001"]["phone"] == NEW_PHONE
    assert [number for _, number, _ in desk.letters(request_id)] == [0, 1]
    assert len(desk.items(request_id)) == 1
    desk.notify()
    assert ": phone, first name" in desk.mailer.letters[-1].text


def test_an_outage_is_tried_again_and_a_platform_that_cannot_be_changed_is_named(desk):
    desk.platform.change_faults = [ConnectorUnavailable("down")]
    request_id = desk.correct(phone=NEW_PHONE)
    assert desk.tasks(request_id)[CORRECT].state is TaskState.RETRY
    assert desk.request(request_id).closed_at is None
    desk.clock.at = NOW.replace(hour=NOW.hour + 1)
    desk.process(request_id)
    assert desk.tasks(request_id)[CORRECT].state is TaskState.DONE


def test_no_value_stands_in_evidence_record_or_tasks(desk):
    request_id = desk.correct(phone=NEW_PHONE, email=NEW_MAIL)
    with desk.store.read() as tx:
        certificate = tx.packages.find_certificate(request_id)
    texts = json.dumps([fact.detail for fact in desk.facts(request_id)], default=str) + json.dumps(certificate)
    assert not any(value in texts for value in (NEW_PHONE, NEW_MAIL, ASHA.email, ASHA.phone, "Qwertzuiop"))


def test_a_correction_without_particulars_is_not_opened(desk):
    with pytest.raises(Exception, match="changes_missing"):
        open_person_request(
            RequestKind.CORRECTION, SHOP, ASHA, NOW, actor="officer", reason="letter", services=desk.services
        )


def test_the_answer_of_a_carrier_ends_the_task_as_changed(desk):
    request_id = desk.correct(phone=NEW_PHONE)
    desk.notify()
    [item] = desk.items(request_id)
    assert item.state is NoticeState.SENT
    answer = {item.id: AnswerRow(answer=ProcessorAnswer.ERASED)}
    record_answer(item.notice_id, answer, via=NoticeChannel.PAGE, actor="processor", services=desk.services)
    desk.process(request_id)
    assert desk.tasks(request_id)["delhivery", TaskAction.NOTIFY_PROCESSOR].outcome is Outcome.CHANGED
    assert desk.request(request_id).state is RequestState.DONE
    assert desk.record(request_id)["status"] == "fulfilled"


def test_an_erasure_of_the_person_destroys_the_former_and_the_new_values(desk):
    request_id = desk.correct(phone=NEW_PHONE)
    own = open_person_request(
        RequestKind.ERASURE, SHOP, ASHA, desk.clock.at, actor="officer", reason="letter", services=desk.services
    )
    let_act(desk.services, own)
    for _ in range(3):
        desk.process(own)
        desk.clock.at += timedelta(days=1)
    assert desk.tasks(own)["bridge", TaskAction.ERASE].state is TaskState.DONE
    assert desk.details(request_id) == RequestDetails()
