"""The servers of the demo in a temporary folder, and the commands of an operator that read their state.

The demo uses only what a user can use: HTTP to the web process and `python -m bridge …`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import redis

from bridge.sandbox import webhooks
from bridge.sandbox.mail import Mailbox
from bridge.sandbox.merchant_files import write_merchant_files
from bridge.sandbox.processes import ROOT, Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.sandbox import UNINSTALLED_SHOP, invent_worlds
from bridge.sandbox.shopify.server import CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP
from bridge.sandbox.world.models import World
from config.settings import read_environment

WAIT_TIMEOUT_S = 40.0
NOTICE_TERMS = {  # seconds instead of days, so that the demo shows a reminder and a second query
    "digest_hours": 0,
    "answer_days": 0.0001,
    "remind_days": [0.0002],
    "read_back_hours": 0.0005,
}
APPROVAL_TERMS = {"cooling_off_hours": 0}  # the demo does not wait two days
MAIL_SENDER = "Example Silver <privacy@example.in>"


class DemoFailed(Exception):
    """A check of the demo failed."""


class DemoEnvironment:
    """The running servers; `folder` holds database and logs, `results` what the demo hands over."""

    def __init__(self, *, orders: int, results: Path, folder: Path | None = None) -> None:
        """Choose the folders. Starts nothing."""
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.world, self.uninstalled_world = invent_worlds(orders, self.now)
        self.folder = folder or Path(tempfile.mkdtemp(prefix="bridge-demo-"))
        self.results = results
        self._orders = orders
        self._mail_token = secrets.token_urlsafe()
        self._exit_stack = ExitStack()
        self.environ: dict[str, str] = {}
        self.posted_bodies: list[bytes] = []

    def __enter__(self) -> Self:
        """Start everything. Raises NeedsOperator or DemoFailed, after stopping what was started."""
        try:
            self._start_all()
        except BaseException:
            self._exit_stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything. The results stay."""
        self._exit_stack.close()

    def _start_all(self) -> None:
        def make_key() -> str:
            return base64.b64encode(secrets.token_bytes(32)).decode()

        (self.folder / "redis").mkdir()
        (self.folder / "logs").mkdir()
        self.results.mkdir(parents=True, exist_ok=True)
        stand_ins = self._start_stand_ins()
        self.mailbox = Mailbox().start()
        self._exit_stack.callback(self.mailbox.stop)
        self.valkey = self._exit_stack.enter_context(Valkey(appendonly=True, data=self.folder / "redis"))
        own = {name: value for name, value in read_environment().items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environ = {
            **own,
            **stand_ins,
            "BRIDGE_ENV_FILE": os.devnull,
            "DATABASE_URL": f"sqlite:///{self.folder}/bridge.db",
            "REDIS_URL": self.valkey.url,
            "BRIDGE_KEYS": f"demo1:{make_key()}",
            "BRIDGE_PSEUDONYM_KEY": make_key(),
            "BRIDGE_EVIDENCE_KEY": make_key(),
            **write_merchant_files(
                self.folder,
                shops=[INVENTED_SHOP, UNINSTALLED_SHOP],
                notice_terms=NOTICE_TERMS,
                approval_terms=APPROVAL_TERMS,
            ),
            "SMTP_URL": self.mailbox.url,
            "MAIL_FROM": MAIL_SENDER,
            "MAIL_WEBHOOK_TOKEN": self._mail_token,
            "WEB_CONCURRENCY": "2",
            "SWEEP_EVERY_S": "1",
            "BRIDGE_MERGE_WAIT_MINUTES": "0",
        }
        self.bridge = self._exit_stack.enter_context(Bridge(self.environ, logs=self.folder / "logs"))
        self.bridge.migrate()
        self.bridge.start()
        self.environ["PORT"] = str(self.bridge.port)

    def _start_stand_ins(self) -> dict[str, str]:
        arguments = ["--json", "--orders", str(self._orders), "--now", self.now.isoformat()]
        log = self._exit_stack.enter_context((self.folder / "logs" / "stand-ins.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge.sandbox.sandbox", *arguments], stdout=subprocess.PIPE, stderr=log, cwd=ROOT
        )
        self._exit_stack.callback(_terminate_process, process)
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise DemoFailed(f"The stand-ins did not start. See {self.folder}/logs/stand-ins.log.")
        settings: dict[str, str] = json.loads(line)
        return settings

    def post_signed_webhook(self, topic: str, world: World, **selection: Any) -> int:
        """Post one webhook signed as by Shopify. Returns the HTTP status."""
        raw = webhooks.build_body(topic, world, **selection)
        self.posted_bodies.append(raw)
        headers = webhooks.build_headers(topic, world.shop, CLIENT_SECRET, raw)
        return webhooks.post_delivery(self.bridge.url, topic, raw, headers).status_code

    def post_forged_webhook(self, topic: str, world: World) -> int:
        """Post a webhook signed with a wrong secret. Returns the HTTP status."""
        raw = webhooks.build_body(topic, world)
        headers = webhooks.build_headers(topic, world.shop, "not the secret", raw)
        return webhooks.post_delivery(self.bridge.url, topic, raw, headers).status_code

    def post_mail(self, mail: EmailMessage) -> None:
        """Post a mail as the merchant's mail provider does. Raises HTTPError where it was not taken."""
        headers = {"Authorization": f"Bearer {self._mail_token}", "Content-Type": "message/rfc822"}
        request = urllib.request.Request(f"{self.bridge.url}/inbound/mail", mail.as_bytes(), headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own web process

    def run_command(self, *arguments: str) -> Any:
        """Return the JSON that `python -m bridge … --json` prints. Raises DemoFailed with its error message."""
        done = subprocess.run(
            [sys.executable, "-m", "bridge", *arguments, "--json"],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(
                f"`{' '.join(arguments)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()[:500]}"
            )
        return json.loads(done.stdout)

    def control_stand_in(self, name: str, *, stand_in: str = "shopify", **settings: Any) -> None:
        """Change the behaviour of a stand-in."""
        parts = urlsplit(self.environ[f"{stand_in.upper()}_BASE_URL"])
        base = f"{parts.scheme}://{parts.netloc}"
        body = json.dumps(settings).encode()
        request = urllib.request.Request(f"{base}/_sandbox/{name}", body, method="POST")  # noqa: S310
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - our own stand-in

    def wait_until(self, description: str, probe: Any) -> Any:
        """Return the first true value of the probe. Raises DemoFailed after WAIT_TIMEOUT_S."""
        end = time.monotonic() + WAIT_TIMEOUT_S
        while time.monotonic() < end:
            found = probe()
            if found:
                return found
            time.sleep(0.2)
        raise DemoFailed(
            f"Waited {WAIT_TIMEOUT_S:.0f} s in vain for {description}. The logs are in {self.folder}/logs."
        )

    def wait_for_closed_request(self, kind: str, shop: str) -> Any:
        """Return the newest request of a kind that Shopify sent, after it is closed."""

        def find_closed_request() -> Any:
            listed = self.run_command("dsr", "list", "--kind", kind)
            rows = [row for row in listed if (row["shop"], row["source"]) == (shop, "webhook")]
            return rows[0] if rows and rows[0]["closed_at"] else None

        return self.wait_until(f"the closed request ({kind}) of {shop}", find_closed_request)

    def write_evidence(self, request_id: str, name: str) -> Any:
        """Write the evidence and the certificate of a request into the results. Returns the evidence."""
        target = self.results / f"{name}-evidence.json"
        self.run_command("dsr", "evidence", request_id, "--out", str(target), "--force")
        bundle = json.loads(target.read_text())
        (self.results / f"{name}-certificate.json").write_text(json.dumps(bundle["certificate"], indent=2))
        return bundle

    def find_traces(self, words: list[bytes]) -> list[str]:
        """Return where any of the words is stored: database, its log, Redis (keys and file), logs."""
        contents: dict[str, bytes] = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        client = redis.Redis.from_url(self.valkey.url)
        for name in client.scan_iter():
            contents[f"redis key {name!r}"] = name + (client.dump(name) or b"")
        client.close()
        return [source for source, content in contents.items() if contains_any(content, words)]


def contains_any(content: bytes, words: list[bytes]) -> bool:
    """Return whether the content holds one of the words, in upper or lower case."""
    lowered = content.lower()
    return any(word.lower() in lowered for word in words)


def _terminate_process(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=10)
    if process.stdout:
        process.stdout.close()
