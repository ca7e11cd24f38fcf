"""The timestamp in a bundle: `check.sh` verifies it with openssl alone, against who forges it with the bridge's key in hand."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.steps.evidence.bundle import CHECK_SCRIPT_FILE
from bridge.steps.evidence.sign_head import sign_head
from tests.authority import Authority
from tests.cli.dsr.test_bundle import Bundle
from tests.cli.dsr.test_check_script import TOOLS, Forger

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on this machine"
)
ROOT = "heads/timestamp-root.pem"
DAY = timedelta(days=1)


@dataclass
class Stamped(Forger):
    """A bundle with a timestamp in the hands of somebody who has the bridge's key, and what he can ask."""

    authority: Authority

    @property
    def token(self) -> Path:
        [path] = (self.folder / "heads").glob("*.tsr")
        return path

    def ask(self, authority: Authority, *, content: bytes | None = None, mood: str = "") -> None:
        """Put in place of the timestamp one that this authority gives, for this content or that of the head."""
        authority.moods = [mood] * bool(mood)
        content = content or self.token.with_suffix(".json").read_bytes()
        self.token.write_bytes(Rfc3161Authority(authority.url, "").request_timestamp(content).token)

    def check(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Sign the bundle anew and run check.sh where nothing but its three tools is found."""
        self.make_sums_anew()
        tools = self.folder.parent / "tools"
        if not tools.exists():
            tools.mkdir()
            for tool in TOOLS:
                (tools / tool).symlink_to(str(shutil.which(tool)))
        return subprocess.run(
            [str(tools / "bash"), "check.sh", *words],
            cwd=self.folder,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def authority(office, tmp_path_factory) -> Iterator[Authority]:
    """An authority that timestamped the head of today."""
    with Authority(tmp_path_factory.mktemp("authority")) as authority:
        verifying = Rfc3161Authority(authority.url, authority.ca.read_text())
        sign_head(services=replace(office.services, timestamp_authority=verifying))
        yield authority


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("other")) as other:
        yield other


@pytest.fixture
def export(office, authority, tmp_path):
    """Write the bundle of the erasure with these root certificates, and unpack it."""

    def made(roots: Path | None, *words: str) -> Stamped:
        request, target = office.request("erasure"), tmp_path / "bundle.zip"
        environ = {**office.environ, **({"BRIDGE_TSA_ROOT_FILE": str(roots)} if roots else {})}
        result = replace(office, environ=environ).say("dsr", "evidence", request["id"], "--out", str(target), *words)
        assert result.code == 0, result.err
        with zipfile.ZipFile(target) as bundle:
            bundle.extractall(tmp_path)
        folder = tmp_path / f"evidence-{request['id']}"
        return Stamped(folder, folder, office.services.store.keyring, authority)

    return made


@pytest.fixture
def bundle(export, authority):
    return export(authority.ca, "--to-head")


def test_an_honest_timestamp_passes_with_the_root_of_the_bundle_or_your_own(bundle, authority):
    done = bundle.check()
    assert (done.returncode, done.stderr) == (0, "")
    head = bundle.token.relative_to(bundle.folder).with_suffix(".json")
    assert re.search(
        rf"^Timestamp: an authority of {ROOT} saw {head} at [A-Z][a-z]{{2}} .* GMT\.$", done.stdout, re.MULTILINE
    )
    assert f"NOTE: compare {ROOT} with the root certificate that the timestamp authority publishes" in done.stdout
    done = bundle.check("--root", str(authority.ca))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"an authority of {authority.ca} saw {head}" in done.stdout
    assert "--root" not in done.stdout


def test_the_commands_of_the_readme_verify_the_timestamp(bundle):
    text = (bundle.folder / "README.txt").read_text()
    assert "The bridge verified its" in text
    commands = Bundle(bundle.folder).commands()
    assert [command for command in commands if command.startswith("openssl ts -verify -attime ")]
    assert Bundle(bundle.folder).failing() == []
    bundle.token.write_bytes(bundle.token.read_bytes()[:-1] + b"\0")
    assert any(command.startswith("openssl ts -verify") for command in Bundle(bundle.folder).failing())


def damage_the_signature(bundle: Stamped, _other: Authority) -> None:
    raw = bundle.token.read_bytes()
    bundle.token.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))


def ask_another_authority(bundle: Stamped, other: Authority) -> None:
    bundle.ask(other)


def ask_about_something_else(bundle: Stamped, _other: Authority) -> None:
    bundle.ask(bundle.authority, content=b"another head")


def sign_for_another_purpose(bundle: Stamped, _other: Authority) -> None:
    bundle.ask(bundle.authority, mood="purpose")


def stamp_a_sha1(bundle: Stamped, _other: Authority) -> None:
    digest = hashlib.sha1(bundle.token.with_suffix(".json").read_bytes(), usedforsecurity=False).digest()
    asked = bundle.authority.asked[-1]
    at = asked.index(b"\x04\x20") + 2
    bundle.authority.moods = ["sha1 digest"]
    _, answer = bundle.authority.answer(asked[:at] + digest + bytes(12) + asked[at + 32 :])
    bundle.token.write_bytes(answer)


def put_a_page(bundle: Stamped, _other: Authority) -> None:
    bundle.token.write_bytes(b"<html>busy</html>")


def empty_it(bundle: Stamped, _other: Authority) -> None:
    bundle.token.write_bytes(b"")


def cut_it(bundle: Stamped, _other: Authority) -> None:
    bundle.token.write_bytes(bundle.token.read_bytes()[:-9])


def take_it_for_another_head(bundle: Stamped, _other: Authority) -> None:
    [head] = [path for path in (bundle.folder / "heads").glob("*.json") if not path.with_suffix(".tsr").exists()]
    bundle.token.rename(head.with_suffix(".tsr"))


def take_it_for_no_head(bundle: Stamped, _other: Authority) -> None:
    bundle.token.rename(bundle.folder / "heads" / "2020-01-01.tsr")


def take_the_root_of_another(bundle: Stamped, other: Authority) -> None:
    shutil.copy(other.ca, bundle.folder / ROOT)


def put_no_certificate(bundle: Stamped, _other: Authority) -> None:
    (bundle.folder / ROOT).write_text("no certificate\n")


def stamp_with_an_expired_certificate(bundle: Stamped, _other: Authority, begin: int = -9, end: int = -2) -> None:
    now, valid = datetime.now(UTC), (bundle.authority.folder / "tsa.pem").read_bytes()
    bundle.authority.renew(now + begin * DAY, now + end * DAY)
    bundle.ask(bundle.authority)
    (bundle.authority.folder / "tsa.pem").write_bytes(valid)


def stamp_at_a_wrong_time_and_write_a_right_one(bundle: Stamped, other: Authority) -> None:
    """The status of an answer is not signed: what it says is not the time."""
    stamp_with_an_expired_certificate(bundle, other, 2, 9)
    at = datetime.now(UTC) + 5 * DAY
    text = f"x\nTST info:\nHash Algorithm: sha256\nTime stamp: {at:%b} {at.day:>2} {at:%H:%M:%S %Y} GMT\n".encode()
    status = wrap(0x30, b"\x02\x01\x00" + wrap(0x30, wrap(0x0C, text)))
    raw = bundle.token.read_bytes()
    token = raw[raw.index(b"\x30\x03\x02\x01\x00") + 5 :]
    bundle.token.write_bytes(wrap(0x30, status + token))


def wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)) + content


FORGERIES: dict[Callable[[Stamped, Authority], None], str] = {
    damage_the_signature: "is not a timestamp of",
    ask_another_authority: "is not a timestamp of",
    ask_about_something_else: "is not a timestamp of",
    sign_for_another_purpose: "is not a timestamp of",
    stamp_a_sha1: "is no timestamp of a SHA-256",
    put_a_page: "is no timestamp of a SHA-256",
    empty_it: "is no timestamp of a SHA-256",
    cut_it: "is no timestamp of a SHA-256",
    take_it_for_another_head: "is not a timestamp of",
    take_it_for_no_head: "is the timestamp of a head that is not in the bundle",
    take_the_root_of_another: "is not a timestamp of",
    put_no_certificate: "is not a timestamp of",
    stamp_with_an_expired_certificate: "is not a timestamp of",
    stamp_at_a_wrong_time_and_write_a_right_one: "is not a timestamp of",
}


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forged_timestamp_is_found_although_the_bundle_was_signed_again(bundle, other, forge):
    assert bundle.check().returncode == 0
    forge(bundle, other)
    done = bundle.check()
    assert done.returncode == 1, done.stdout
    assert re.fullmatch(r"FAILED: heads/.*\.\n", done.stderr)
    assert FORGERIES[forge] in done.stderr


def test_an_authority_that_the_forger_made_is_found_with_your_own_root(bundle, authority, other):
    ask_another_authority(bundle, other)
    take_the_root_of_another(bundle, other)
    done = bundle.check()
    assert (done.returncode, f"NOTE: compare {ROOT}" in done.stdout) == (0, True), (
        "a certificate binds nobody who made it"
    )
    done = bundle.check("--root", str(authority.ca))
    assert (done.returncode, "is not a timestamp of" in done.stderr) == (1, True)


def test_a_timestamp_passes_after_the_certificate_that_signed_it_is_over(bundle, authority):
    valid, end = (authority.folder / "tsa.pem").read_bytes(), datetime.now(UTC) + timedelta(seconds=4)
    authority.renew(end - DAY, end)
    bundle.ask(authority)
    (authority.folder / "tsa.pem").write_bytes(valid)
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 1)
    assert not authority.accepts(bundle.token.with_suffix(".json").read_bytes(), bundle.token.read_bytes())
    assert bundle.check().returncode == 0


def test_without_a_root_certificate_nothing_is_called_verified(export, authority, other):
    bundle = export(None, "--to-head")
    assert not (bundle.folder / ROOT).exists()
    text = (bundle.folder / "README.txt").read_text()
    assert "ITS SIGNATURE WAS NOT VERIFIED" in text
    assert "The bridge verified its" not in text
    done = bundle.check()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Timestamp: " not in done.stdout
    assert "NOTE: not checked without the root certificate of the timestamp authority (--root): heads/" in done.stdout
    assert "Timestamp: " in bundle.check("--root", str(authority.ca)).stdout
    assert bundle.check("--root", str(other.ca)).returncode == 1
    assert bundle.check("--root", str(other.ca) + ".none").returncode == 2
    assert bundle.check("--root").returncode == 2


def test_a_timestamp_that_does_not_verify_is_not_exported(export, other):
    bundle = export(other.ca)
    done = bundle.check("--root", str(other.ca))
    assert (done.returncode, "no timestamp" in done.stderr) == (2, True)
    assert [path.suffix for path in sorted((bundle.folder / "heads").iterdir())] == [".json", ".sig"]
    text = (bundle.folder / "README.txt").read_text()
    assert "timestamp authority signed" not in text
    assert "A timestamp of" not in text


def test_the_script_reads_every_time_as_a_calendar_does():
    script = CHECK_SCRIPT_FILE.read_text()
    [function] = re.findall(r"^month_names=.*?^}$", script, re.MULTILINE | re.DOTALL)
    times = [datetime(year, month, day, 23, 59, 59, tzinfo=UTC) for year in (1999, 2000, 2024, 2026, 2100) for month in range(1, 13) for day in (1, 8, 9, 28)]  # fmt: skip
    times += [datetime(year, 2, 29, tzinfo=UTC) for year in (2000, 2024, 2096)]
    times += [datetime.fromtimestamp(second, UTC) for second in range(0, 2**33, 40_000_003)]
    lines = "".join(f"{at:%b} {at.day:>2} {at:%H:%M:%S}{'.25' * (at.day % 2)} {at:%Y} GMT\n" for at in times)
    loop = "while IFS= read -r line; do read_time $'\\nTime stamp: '\"$line\"$'\\n' && echo $seconds || echo bad; done"
    done = subprocess.run(
        ["bash", "-c", f"{function}\n{loop}"], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [f"{at.timestamp():.0f}" for at in times]
