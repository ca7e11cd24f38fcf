"""A real timestamp authority on a socket: openssl answers, with a certificate of its own making."""

from __future__ import annotations

import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ObjectIdentifier

TIME_STAMPING = x509.ExtendedKeyUsageOID.TIME_STAMPING
EMAIL_PROTECTION = x509.ExtendedKeyUsageOID.EMAIL_PROTECTION
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
[ca_usage]
basicConstraints = critical,CA:true
"""
CHANGED_CONFIG = {
    "sha1 digest": ("digests = sha256", "digests = sha1"),
    "sha1 signature": ("signer_digest = sha256", "signer_digest = sha1"),
    "fraction": ("accuracy = secs:1", "clock_precision_digits = 3"),
}


def _sequence(content: bytes) -> bytes:
    """Return the content as an ASN.1 sequence (DER)."""
    size = len(content)
    return b"\x30" + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)) + content


def _change_question(asked: bytes, mood: str) -> bytes:
    """Return the question that it takes this one for."""
    at, sha256 = asked.index(b"\x04\x20") + 2, bytes.fromhex("608648016503040201")
    sha1 = bytes.fromhex("3021300906052b0e03021a05000414")
    changed = {
        "digest": asked[:at] + bytes(32) + asked[at + 32 :],
        "sha1 digest": _sequence(asked[2:5] + sha1 + asked[at : at + 20] + asked[at + 32 :]),
        "no nonce": _sequence(asked[2 : at + 32] + asked[-3:]),
        "no certificate": _sequence(asked[2:-3]),
        "reject": asked.replace(sha256, sha256[:-1] + b"\x04"),  # SHA-224: not one that it stamps
    }
    return changed.get(mood, asked)


class Authority:
    """Answers at `url`; `ca` is the certificate to check it with. `moods` are answered once each instead.

    A mood is a status, or bytes, or a word: "digest" (about something else), "sha1 digest", "reject", "no nonce",
    "no certificate", "modified" (granted with modifications), "sha1 signature", "forged" (one byte of the signature is
    another), "purpose" (signed with a certificate of the same root that is not for timestamps), "fraction" (of a second).
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.ca = folder, folder / "ca.pem"
        self.moods: list[int | bytes | str] = []
        self.asked: list[bytes] = []
        (folder / "config").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "config")
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
        config = "config"
        if mood in CHANGED_CONFIG:
            config = "config of a mood"
            (self.folder / config).write_text((self.folder / "config").read_text().replace(*CHANGED_CONFIG[mood]))
        (self.folder / "question").write_bytes(_change_question(asked, mood))
        self._openssl("ts", "-reply", "-queryfile", "question", "-config", config, "-out", "answer")
        if mood == "purpose":
            self._sign_for_another_purpose()
        answer = (self.folder / "answer").read_bytes()
        if mood == "modified":
            answer = answer.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1)
        if mood == "forged":
            answer = answer[:-1] + bytes([answer[-1] ^ 1])
        return 200, answer

    def send_certificates(self, *paths: str) -> None:
        """Send these certificates of its folder too, in this order."""
        (self.folder / "more.pem").write_text("".join((self.folder / path).read_text() for path in paths))
        config = CONFIG.format(folder=self.folder)
        (self.folder / "config").write_text(config.replace("[req]", f"certs = {self.folder}/more.pem\n[req]"))

    def put_intermediate(self) -> None:
        """Let an intermediate authority (int.pem), instead of the root, sign its certificate."""
        new = (
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-config",
            "config",
            "-subj",
            "/CN=intermediate.example",
        )
        self._openssl("req", *new, "-keyout", "int.key", "-out", "int.csr")
        for request, signer, usage, certificate in (
            ("int", "ca", "ca_usage", "int"),
            ("tsa", "int", "tsa_usage", "tsa"),
        ):
            signs = ("-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial", "-days", "30")
            extensions = ("-extfile", "config", "-extensions", usage)
            self._openssl("x509", "-req", "-in", f"{request}.csr", *signs, *extensions, "-out", f"{certificate}.pem")

    def renew(self, begin: datetime, end: datetime, *, purpose: ObjectIdentifier = TIME_STAMPING) -> None:
        """Sign its certificate again, for this time or another purpose."""
        ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        key = load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        asked = x509.load_pem_x509_csr((self.folder / "tsa.csr").read_bytes())
        builder = x509.CertificateBuilder(ca.subject, asked.subject, asked.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(end)
        renewed = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True).sign(key, SHA256())
        (self.folder / "tsa.pem").write_bytes(renewed.public_bytes(Encoding.PEM))

    def _sign_for_another_purpose(self) -> None:
        """Sign the time again, with the same key and a certificate for e-mail."""
        timestamper, now = (self.folder / "tsa.pem").read_bytes(), datetime.now(UTC)
        self._openssl("ts", "-reply", "-in", "answer", "-token_out", "-out", "token")
        self._openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token", "-out", "time")
        self.renew(now - timedelta(days=1), now + timedelta(days=1), purpose=EMAIL_PROTECTION)
        signer = ("-signer", "tsa.pem", "-inkey", "tsa.key", "-econtent_type", "1.2.840.113549.1.9.16.1.4")
        self._openssl(
            "cms", "-sign", "-nodetach", "-binary", "-in", "time", *signer, "-outform", "DER", "-out", "token"
        )
        granted = bytes.fromhex("3003020100")
        (self.folder / "answer").write_bytes(_sequence(granted + (self.folder / "token").read_bytes()))
        (self.folder / "tsa.pem").write_bytes(timestamper)

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
