"""The invented merchant's files are the shipped ones, filled in; the mailbox is a real mail server."""

from __future__ import annotations

import pytest

from bridge.connectors.smtp import SmtpMailer
from bridge.errors import NeedsOperator
from bridge.model import Letter
from bridge.sandbox import merchant_files
from bridge.sandbox.mail import Mailbox, find_answer_link, get_letter_text
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention

SHOPS = ["a.myshopify.com"]


def test_the_merchant_files_are_filled_in_and_every_contact_is_verified(tmp_path):
    named = merchant_files.write_merchant_files(
        tmp_path, shops=SHOPS, notice_terms={"answer_days": 0.001, "remind_days": [0.002]}
    )
    merchant = load_merchant(tmp_path / "merchant.toml")
    assert set(named) == {"BRIDGE_MERCHANT_FILE", "BRIDGE_RETENTION_FILE"}
    assert (merchant.shops, merchant.officer.name) == (("a.myshopify.com",), "Devi Nowhere")
    assert merchant.officer.domain_control_verified
    recipients = [each for each in merchant.processors if each.is_notice_recipient]
    assert [each.id for each in recipients] == ["bluedart", "delhivery", "shiprocket", "aftership"]
    mailed = [each for each in recipients if each.erasure_channel == "email"]
    assert all(each.contact_verified_on and each.privacy_contact.endswith(".example.com") for each in mailed)
    assert (merchant.instructions.answer_days, merchant.instructions.remind_days) == (0.001, (0.002,))
    assert load_retention(tmp_path / "retention.toml").merchant["warranty_days"] == 7


def test_a_key_that_is_no_longer_shipped_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(merchant_files, "RETENTION_VALUES", {("merchant", "no_such_key"): "x"})
    with pytest.raises(NeedsOperator, match=r"retention\.toml no longer has \('merchant', 'no_such_key'\)"):
        merchant_files.write_merchant_files(tmp_path, shops=SHOPS, notice_terms={})


def test_the_mailbox_stores_every_letter():
    box = Mailbox().start()
    try:
        link = "https://bridge.example.com/notices/abc"
        letter = Letter(
            to="privacy@delhivery.example.com",
            subject="Erasure",
            text=f"hello\n{link}\n",
            html="<p>hello",
            message_id="<ntc_1.0@example.in>",
        )
        SmtpMailer(box.url, "Mini Miss <privacy@example.in>").send_letter(letter)
        (kept,) = box.find_letters("privacy@delhivery.example.com")
        assert (kept["Message-ID"], find_answer_link(kept)) == ("<ntc_1.0@example.in>", link)
        assert get_letter_text(kept).startswith("hello")
        assert box.find_letters("nobody@example.com") == []
    finally:
        box.stop()
