"""The demo's chapter about mail: an officer makes requests of two mails, each with the term of the day on which it arrived."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from bridge.sandbox.demo.console import chapter, count, must

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import DemoEnvironment

ASKS_FOR_COPY = "Please send me a copy of everything that you hold about me."
TAKES_CONSENT_BACK = "I do not want any more offers, neither by e-mail nor by SMS."


def run_mail_chapter(demo: DemoEnvironment) -> None:
    """Post two mails as a mail provider does, make requests of them, and check their terms and what was done."""
    first = demo.world.asha.first
    chapter(8, f"{first} writes two e-mails to the shop")
    arrived_at = _find_last_of_january(demo.now)
    late = _make_request(demo, ASKS_FOR_COPY, "access", arrived_at)
    due_on = datetime.fromisoformat(late["due_at"]).date()
    must(
        due_on == date(arrived_at.year, 3, 1) - timedelta(days=1),
        f"One arrived at the shop's provider on {arrived_at:%d %B %Y}, and reached the bridge today. The officer read it and made"
        f" an access request of it, due on {due_on:%d %B %Y}: one month, and February is short.",
    )
    if due_on < demo.now.date():
        unanswered = demo.run_command("status")
        must(late["id"] in json.dumps(unanswered), "That day is over: `bridge status` names the request as late.")
    channels = demo.folder / "channels.json"
    channels.write_text('{"channels": ["email", "sms"]}')
    withdrawal = _make_request(demo, TAKES_CONSENT_BACK, "consent_withdrawal", demo.now, "--particulars", str(channels))
    shown = demo.wait_until("the withdrawal", lambda: _find_closed(demo, withdrawal["id"]))
    (task,) = (each for each in shown["tasks"] if each["action"] == "stop_marketing")
    must(
        (task["state"], task["outcome"]) == ("done", "found"),
        f"The other takes the consent to offers back. Nobody asked for a proof. The bridge stopped {first}'s offers here and at"
        f" Shopify, and kept proof of {count(task['records'], 'consent')} that stood before.",
    )
    letters = len(demo.mailbox.find_letters(demo.world.asha.email))
    must(
        letters,
        f"{first} got {count(letters, 'letter')}: when each mail arrived, its number and its day, and what was done.",
    )


def _find_last_of_january(now: datetime) -> datetime:
    """Return 31 January, 06:00 UTC, of this year, or of the last one where this year's is still to come."""
    of_this_year = datetime(now.year, 1, 31, 6, tzinfo=UTC)
    return of_this_year if of_this_year < now else of_this_year.replace(year=now.year - 1)


def _make_request(demo: DemoEnvironment, text: str, kind: str, arrived_at: datetime, *options: str) -> Any:
    mail = EmailMessage()
    mail["Received"] = f"from customer by mx.example.in; {format_datetime(arrived_at)}"
    mail["From"], mail["To"], mail["Subject"] = demo.world.asha.email, "privacy@example.in", "My data"
    mail["Message-ID"] = f"<{kind}@example.com>"
    mail.set_content(text)
    demo.post_mail(mail)
    (waiting,) = demo.run_command("mail", "list", "--kind", "message")
    return demo.run_command("mail", "open", waiting["id"], kind, "--shop", demo.world.shop, *options)


def _find_closed(demo: DemoEnvironment, request_id: str) -> Any:
    shown = demo.run_command("dsr", "show", request_id)
    return shown if shown["closed_at"] else None
