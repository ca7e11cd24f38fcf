"""Writes the letter with the code that proves an address, in English or Hindi. It repeats nothing of what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from html import escape

from bridge.model import Language, Letter, PageSubmission
from bridge.services import Services

CODE_MINUTES = 15
CODE_LETTER_TEXTS: Mapping[Language, tuple[str, tuple[str, ...]]] = {
    Language.ENGLISH: (
        "Your code for {name}",
        (
            "Somebody gave this address on the privacy page of {name}. If it was you, type this code there:",
            "{code}",
            "The code is good for {minutes} minutes, and once. Nobody of us will ever ask you for it.",
            "If it was not you, do nothing: without the code nothing happens, and what was sent is destroyed within an hour.",
        ),
    ),
    Language.HINDI: (
        "{name} के लिए आपका कोड",
        (
            "{name} के निजता पृष्ठ पर किसी ने यह पता दिया है। यदि वह आप थे, तो वहाँ यह कोड लिखें:",
            "{code}",
            "यह कोड {minutes} मिनट तक और केवल एक बार काम करता है। हमारी ओर से कोई भी आपसे यह कोड कभी नहीं माँगेगा।",
            "यदि वह आप नहीं थे, तो कुछ न करें: कोड के बिना कुछ नहीं होता, और भेजी गई जानकारी एक घंटे के भीतर नष्ट कर दी जाती है।",
        ),
    ),
}


def build_code_letter(submission: PageSubmission, code: str, services: Services) -> Letter:
    """Return the letter with the code of a submission. A letter sent again after a fault has another Message-ID: so is its code."""
    merchant = services.merchant
    subject, paragraphs = CODE_LETTER_TEXTS[submission.language]
    values = {"name": merchant.trading_name or merchant.legal_name, "code": code, "minutes": CODE_MINUTES}
    written = [paragraph.format(**values) for paragraph in paragraphs]
    contact = ", ".join(filter(None, (merchant.officer.name, merchant.officer.email)))
    domain = parseaddr(services.settings.mail_from)[1].rpartition("@")[2] or "localhost"
    body = "".join(
        f"<p style='font-size:2em;letter-spacing:.2em'>{code}</p>" if text == code else f"<p>{escape(text)}</p>"
        for text in (*written, contact)
    )
    return Letter(
        to=submission.email,
        subject=subject.format(**values),
        text="\n\n".join((*written, contact)) + "\n",
        html=f'<!doctype html><html lang="{submission.language}"><meta charset="utf-8"><body>{body}</body></html>',
        message_id=f"<{submission.id}.{submission.attempts}@{domain}>",
        reply_to=merchant.officer.email,
    )
