"""The page, a worker, a queue and a mail server as they run in production: from the form to the number of the request."""

from __future__ import annotations

import re
import urllib.request
from typing import Any
from urllib.parse import urlencode

from bridge.sandbox.mail import Mailbox, get_letter_text
from bridge.sandbox.processes import ROOT, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from tests.browser.conftest import NAMED
from tests.e2e import processes
from tests.kit.threads import wait_until

ADDRESS = "asha@example.in"
VERIFIED = (
    ("domain_control_verified = { value = false", "domain_control_verified = { value = true"),
    ("shops = []", f'shops = ["{processes.SHOP}"]'),
)


def send(url: str, **fields: str) -> str:
    with urllib.request.urlopen(url, data=urlencode(fields).encode(), timeout=20) as answer:  # noqa: S310 - of this machine
        return answer.read().decode()


def test_a_code_comes_by_mail_and_opens_the_request(tmp_path: Any) -> None:
    merchant = (ROOT / "config" / "merchant.toml").read_text()
    for old, new in (*NAMED, *VERIFIED):
        assert old in merchant
        merchant = merchant.replace(old, new, 1)
    (tmp_path / "merchant.toml").write_text(merchant)
    mailbox = Mailbox().start()
    try:
        with Valkey() as valkey:
            environ = processes.environment(
                f"sqlite:///{tmp_path}/bridge.db",
                valkey.url,
                BRIDGE_MERCHANT_FILE=str(tmp_path / "merchant.toml"),
                SMTP_URL=mailbox.url,
                MAIL_FROM="privacy@example.in",
            )
            processes.migrate(environ)
            with Bridge(environ, logs=tmp_path / "logs") as bridge:
                bridge.start(workers=1, clock=False)
                asked = send(f"{bridge.url}/privacy", kind="access", email=ADDRESS, lang="hi")
                wait_until(lambda: mailbox.find_letters(ADDRESS), what="the letter with the code", timeout_s=60)
                [code] = re.findall(r"^(\d{6})\s*$", get_letter_text(mailbox.find_letters(ADDRESS)[0]), re.MULTILINE)
                [token] = re.findall(r'name="token" value="([^"]+)"', asked)
                opened = send(f"{bridge.url}/privacy/code", token=token, code=code, lang="hi")
        assert re.search(r"req_[0-9A-Z]{26}", opened)
        assert "हमें आपका अनुरोध मिल गया है" in opened
        logs = "".join(path.read_text() for path in (tmp_path / "logs").rglob("*") if path.is_file())
        assert not [secret for secret in (ADDRESS, code, token) if secret in logs]
    finally:
        mailbox.stop()
