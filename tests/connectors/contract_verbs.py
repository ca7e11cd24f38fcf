"""The test cases that a connector inherits for its further verbs: track, erase, cancel."""

from dataclasses import fields

import pytest

from bridge.errors import BridgeError, ConnectorRefused, CredentialRejected
from bridge.model import Outcome, ParcelStatus, TrackingResult
from bridge.ports import Canceller, Eraser, Tracker
from tests.connectors.contract import CANARY


class TrackerContract:
    """Cases of a system that tracks parcels without their consignees."""

    verbs = ("gather", "track")
    # in the answer about the first number, in lower case; None: the system never shows one
    person: str | None = "asha"

    def track(self, waits=None, numbers=(), *, include_consignees=False):
        asked = self.connector([] if waits is None else waits)
        batches = asked.track_parcels(numbers or self.numbers, include_consignees=include_consignees)
        return [one for batch in batches for one in batch]

    def test_it_is_a_tracker_and_states_whether_it_is_configured(self):
        assert isinstance(self.connector([]), Tracker)
        assert self.connector([]).configured is True
        assert self.unconfigured.configured is False

    def test_track_returns_every_number_once(self, mock):
        self.answer_success(mock, "track")
        results = self.track(numbers=(*self.numbers, self.numbers[0]))
        assert [one.number for one in results] == list(self.numbers)
        assert all(one.status is not ParcelStatus.NOT_FOUND for one in results)
        assert all(one.status_at is None or one.status_at.utcoffset().total_seconds() == 0 for one in results)

    def test_track_twice_is_the_same_answer(self, mock):
        self.answer_success(mock, "track")
        assert self.track() == self.track()

    def test_track_reports_unknown_numbers(self, mock):
        self.answer(mock, self.partial, verb="track")
        first, *rest = self.track()
        assert first.status is not ParcelStatus.NOT_FOUND
        assert {one.status for one in rest} == {ParcelStatus.NOT_FOUND}

    def test_track_of_unknown_numbers_raises_nothing(self, mock):
        self.answer(mock, self.nothing, verb="track")
        assert {one.status for one in self.track()} == {ParcelStatus.NOT_FOUND}

    def test_a_malformed_number_is_not_found_and_not_sent(self, mock):
        odd = ["handed over, see note", "1,2,3,4,5", ""]
        results = self.track(numbers=odd)
        assert [(one.number, one.status) for one in results] == [(one, ParcelStatus.NOT_FOUND) for one in odd]
        assert not mock.calls

    def test_track_removes_blanks_and_dashes(self, mock):
        self.answer_success(mock, "track")
        number = self.numbers[0]
        spelt = [f"{number[:4]}-{number[4:]}", f" {number}"]
        results = self.track(numbers=spelt)
        assert [one.number for one in results] == spelt
        assert len({(one.status, one.status_at) for one in results}) == 1
        assert self.count_requests(mock, "track") == 1

    def test_track_returns_no_consignee_unless_requested(self, mock):
        self.answer_success(mock, "track")
        for one in self.track():
            assert one.consignee is None
            text = " ".join(str(getattr(one, field.name)) for field in fields(TrackingResult))
            assert not self.person or self.person not in text.lower()

    def test_track_returns_the_consignee_if_requested(self, mock):
        self.answer_success(mock, "track")
        results = self.track(include_consignees=True)
        assert all(isinstance(one.consignee, str) for one in results)
        if self.person:
            assert self.person in results[0].consignee

    def test_track_without_credentials_sends_nothing(self, mock):
        with pytest.raises(CredentialRejected, match="not set"):
            list(self.unconfigured.track_parcels(self.numbers))
        assert not mock.calls


class EraserContract:
    """Cases of a system that erases at once."""

    verbs = ("gather", "erase")
    gone: bytes  # the answer about an erased record
    erasing: tuple[str, str, bytes]  # method, address and answer of erasing the first number

    def erase(self, waits=None, numbers=()):
        return list(self.connector([] if waits is None else waits).erase_waybills(numbers or self.numbers[:1]))

    def test_it_is_an_eraser(self):
        assert isinstance(self.connector([]), Eraser)
        assert (self.connector([]).configured, self.unconfigured.configured) == (True, False)

    def test_erase_twice_is_once(self, mock):
        self.answer(mock, self.partial)
        self.answer(mock, self.nothing)
        assert self.erase() == [(self.numbers[0], Outcome.ERASED)]
        assert self.erase() == [(self.numbers[0], Outcome.ABSENT)]

    def test_an_unknown_number_is_absent(self, mock):
        self.answer(mock, self.nothing)
        assert self.erase(numbers=self.numbers) == [(number, Outcome.ABSENT) for number in self.numbers]

    def test_a_record_deleted_meanwhile_is_absent(self, mock):
        method, url, _ = self.erasing
        self.answer(mock, self.partial)
        mock.remove(method, url)
        mock.add(method, url, body=self.gone, status=404)
        assert self.erase() == [(self.numbers[0], Outcome.ABSENT)]

    @pytest.mark.parametrize(
        ("status", "kind"), [(400, ConnectorRefused), (401, CredentialRejected), (500, BridgeError)]
    )
    def test_a_failed_erasure_raises(self, mock, status, kind):
        method, url, _ = self.erasing
        self.answer(mock, self.partial)
        mock.remove(method, url)
        mock.add(method, url, body=CANARY.encode(), status=status)
        self.assert_fails(kind, verb="erase")

    def test_erase_without_credentials_sends_nothing(self, mock):
        with pytest.raises(CredentialRejected, match="not set"):
            list(self.unconfigured.erase_waybills(self.numbers))
        assert not mock.calls


class CancellerContract:
    """Cases of a system that cancels shipments before pick-up."""

    cancelling: tuple[str, str, bytes]  # method, address and answer of cancelling the first number
    refusals: tuple[bytes, ...]  # refusals with status 200

    def cancel(self, waits=None):
        self.connector([] if waits is None else waits).cancel_shipment(self.numbers[0])

    def describe_call(self, verb):
        return self.cancelling if verb == "cancel" else super().describe_call(verb)

    def test_it_is_a_canceller(self):
        assert isinstance(self.connector([]), Canceller)

    def test_cancel_twice_is_the_same_success(self, mock):
        self.answer_success(mock, "cancel")
        self.cancel()
        self.cancel()
        assert self.count_requests(mock, "cancel") == 2

    def test_a_refused_cancellation_raises(self, mock):
        for body in self.refusals:
            self.answer(mock, body, verb="cancel")
            self.assert_fails(ConnectorRefused, verb="cancel")
            mock.remove(*self.cancelling[:2])

    def test_a_malformed_number_is_not_cancelled(self, mock):
        with pytest.raises(ConnectorRefused):
            self.connector([]).cancel_shipment("see note, please")
        assert not mock.calls

    def test_cancel_without_credentials_sends_nothing(self, mock):
        with pytest.raises(CredentialRejected, match="not set"):
            self.unconfigured.cancel_shipment(self.numbers[0])
        assert not mock.calls
