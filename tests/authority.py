"""A real timestamp authority on a socket: openssl answers, with a certificate of its own making."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not on this machine: no timestamp authority to ask"
)

CONFIG = """\
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[req]
distinguished_name = name
[name]
[tsa_usage]
extendedKeyUsage = critical,timeStamping
"""


class Authority:
    """Answers at `url`; `ca` is the certificate to check it with. `moods` are answered once each instead.

    A mood is a status, or bytes, or a word: "digest" (about something else), "reject".
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.ca = folder, folder / "ca.pem"
        self.moods: list[int | bytes | str] = []
        self.asked: list[bytes] = []
        (folder / "config").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        new = ("-newkey", "rsa:2048", "-nodes", "-config", "config")
        self._openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca.example", "-days", "30")  # fmt: skip
        self._openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa.example")
        signs = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30")
        usage = ("-extfile", "config", "-extensions", "tsa_usage")
        self._openssl("x509", "-req", "-in", "tsa.csr", *signs, *usage, "-out", "tsa.pem")
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                authority.asked.append(asked)
                status, body = authority.answer(asked)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsr"

    def answer(self, asked: bytes) -> tuple[int, bytes]:
        mood = self.moods.pop(0) if self.moods else ""
        if isinstance(mood, int):
            return mood, b""
        if isinstance(mood, bytes):
            return 200, mood
        if mood == "digest":
            at = asked.index(b"\x04\x20") + 2
            asked = asked[:at] + bytes(32) + asked[at + 32 :]
        if mood == "reject":
            sha256 = bytes.fromhex("608648016503040201")
            asked = asked.replace(sha256, sha256[:-1] + b"\x04")  # SHA-224: not one that it stamps
        (self.folder / "question").write_bytes(asked)
        self._openssl("ts", "-reply", "-queryfile", "question", "-config", "config", "-out", "answer")
        return 200, (self.folder / "answer").read_bytes()

    def accepts(self, content: bytes, answer: bytes) -> bool:
        """Whether `openssl ts -verify` finds that this answer is about this content and signed by the authority."""
        (self.folder / "content").write_bytes(content)
        (self.folder / "kept.tsr").write_bytes(answer)
        words = ("ts", "-verify", "-data", "content", "-in", "kept.tsr", "-CAfile", "ca.pem")
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
