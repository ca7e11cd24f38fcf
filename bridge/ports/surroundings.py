"""What a step needs of its surroundings: time, the job queue, mail and a timestamp authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.model import FetchedMail, Letter, MailboxPosition, SignedTimestamp


class Clock(Protocol):
    """The time, so that tests and replays can fix it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Queue(Protocol):
    """The job queue. Losing every job loses no work: `enqueue_due` reads from the rows what is due."""

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:
        """Ask a worker to run `job` for one row. Return False where the queue did not answer.

        Never raises and never blocks longer than the queue's timeout. `at_front` puts privacy work before all else.
        """
        ...

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:
        """Enqueue several jobs in one call, each (job, row id, at front)."""
        ...

    def depth(self) -> int | None:
        """Return how many jobs wait; None where the queue did not answer."""
        ...


class Mailer(Protocol):
    """Gives letters to the mail server."""

    configured: bool  # False: letters wait, and are shown as waiting

    def send_letter(self, letter: Letter) -> None:
        """Give one letter to the server. Returning means that the server accepted it, not that it arrived.

        Raises ConnectorUnavailable (try again later), ConnectorRefused (the recipient was refused: a bounce),
        CredentialRejected (login, sender, or no encryption).
        """
        ...

    def check_server(self) -> None:
        """Connect to the server, log in and leave without a letter.

        Raises CredentialRejected or ConnectorUnavailable, with the server and the reason in words.
        """
        ...


class Mailbox(Protocol):
    """The merchant's mailbox. Reading it changes nothing there."""

    def fetch_mails(self, after: MailboxPosition) -> Sequence[FetchedMail]:
        """Return the next mails after a position, oldest first and bounded; none where there are no more.

        Raises ConnectorUnavailable (try again later) and CredentialRejected (login, folder, or no encryption).
        """
        ...

    def check_server(self) -> None:
        """Connect to the server, log in and open the folder. Raises as `fetch_mails`, with the reason in words."""
        ...


class AlertReceiver(Protocol):
    """Who receives at once that a condition began or ended."""

    def post_alert(self, body: Mapping[str, Any]) -> None:
        """Give one JSON document of ids and counts to the receiver. Returning means that it was accepted.

        Raises ConnectorUnavailable, ConnectorThrottled (try again later), ConnectorRefused, CredentialRejected.
        """
        ...


class TimestampAuthority(Protocol):
    """An outside authority that attests when some content existed (RFC 3161)."""

    def request_timestamp(self, content: bytes) -> SignedTimestamp:
        """Return a new timestamp of this content, of which only the SHA-256 is sent.

        Raises ConnectorRefused where the authority does not grant one, ConnectorUnavailable where its answer is not
        about this content or its signature does not verify, else as `Connector.gather`.
        """
        ...
