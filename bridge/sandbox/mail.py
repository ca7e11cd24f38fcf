"""A mail server that stores the letters of the demo and of measurements. It forwards nothing."""

from __future__ import annotations

import email
import email.policy
import threading
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from bridge.sandbox.processes import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage


class Mailbox:
    """One mail server on loopback. `letters` are in order of arrival."""

    def __init__(self) -> None:
        """Choose a port. Starts nothing."""
        self.letters: list[EmailMessage] = []
        self._lock = threading.Lock()
        self._port = free_port()
        self._server: Controller | None = None

    @property
    def url(self) -> str:
        """Return the value for `SMTP_URL`."""
        return f"smtp://127.0.0.1:{self._port}"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Store one letter."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self._lock:
            self.letters.append(message)
        return "250 kept"

    def find_letters(self, address: str) -> list[EmailMessage]:
        """Return the letters to one address."""
        with self._lock:
            return [letter for letter in self.letters if letter["To"] == address]

    def start(self) -> Mailbox:
        """Serve in a thread, also again after `stop`."""
        self._server = Controller(self, hostname="127.0.0.1", port=self._port)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving. May be called twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None


def get_letter_text(letter: EmailMessage) -> str:
    """Return the plain text of a letter."""
    body = letter.get_body(("plain",))
    return str(body.get_content()) if body else ""


def find_answer_link(letter: EmailMessage) -> str:
    """Return the link for the answer to a letter."""
    return next(line.strip() for line in get_letter_text(letter).splitlines() if "/notices/" in line)
