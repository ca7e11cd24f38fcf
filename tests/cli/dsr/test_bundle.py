"""The commands in the README of a bundle check it, with bash, sha256sum and openssl alone."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.steps.evidence.bundle import CERTIFICATE_SCHEMA_FILE
from bridge.steps.evidence.sign_head import sign_head
from tests.authority import Authority
from tests.steps.access.test_package import breaches
from tests.tamper import append

TOOLS = ("bash", "sha256sum", "cut", "grep", "openssl")
needs_tools = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on this machine"
)
TABLES = ["01_receipt", "02_clock", "03_identity", "04_scope", "05_sources", "06_decisions"]
TABLES += ["07_third_parties", "08_letters", "10_aftercare", "11_software", "12_electronic_record"]


@dataclass(frozen=True)
class Bundle:
    """An unpacked bundle."""

    folder: Path

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def json(self, path: str):
        return json.loads(self.read(path))

    def commands(self) -> list[str]:
        """Return each command of README.txt: the lines that begin with four blanks."""
        blocks = re.findall(r"(?:^    .*\n)+", self.read("README.txt"), re.MULTILINE)
        found = []
        for block in blocks:
            lines = "".join(line[4:] for line in block.splitlines(keepends=True))
            found += [lines] if lines.startswith("(") else lines.splitlines()
        return found

    def failing(self) -> list[str]:
        """Return the commands that fail, each run by itself."""
        bad = []
        for command in self.commands():
            done = subprocess.run(
                ["bash", "-c", command], cwd=self.folder, capture_output=True, check=False, timeout=60
            )
            if done.returncode:
                bad.append(command)
        return bad

    def whole_script(self) -> subprocess.CompletedProcess[str]:
        """Run all commands at once, as pasted into a shell."""
        script = "set -euo pipefail\n" + "\n".join(self.commands())
        return subprocess.run(
            ["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture(scope="module")
def authority(office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority | None]:
    """A timestamp authority that timestamped the head of today; None without openssl."""
    append(office.services.store, 3)  # facts of another request lie between the last of these and the head
    if shutil.which("openssl") is None:
        sign_head(services=office.services)
        yield None
        return
    with Authority(tmp_path_factory.mktemp("authority")) as authority:
        sign_head(services=replace(office.services, timestamp_authority=Rfc3161Authority(authority.url, "")))
        yield authority


@pytest.fixture
def unpack(office, tmp_path, authority):
    def made(kind: str, *words: str) -> Bundle:
        request, target = office.request(kind), tmp_path / f"{kind}{len(words)}.zip"
        result = office.say("dsr", "evidence", request["id"], "--out", str(target), *words, "--json")
        assert result.code == 0, result.err
        with zipfile.ZipFile(target) as bundle:
            bundle.extractall(tmp_path / target.stem)
        return Bundle(tmp_path / target.stem / f"evidence-{request['id']}")

    return made


@pytest.fixture
def bundle(unpack):
    return unpack("erasure")


@needs_tools
def test_v01_the_commands_of_the_readme_pass(bundle):
    done = bundle.whole_script()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 3
    assert "every fact has its hash" in done.stdout
    assert len(bundle.commands()) >= 6


@needs_tools
@pytest.mark.parametrize("kind", ["access", "erasure"])
def test_v01_to_head_includes_every_fact_up_to_a_signed_head(unpack, kind):
    bundle = unpack(kind, "--to-head")
    done = bundle.whole_script()
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in bundle.read("CHAIN").splitlines()]
    assert [row[0] for row in rows[1:]] == [row[1] for row in rows[:-1]]
    heads = [json.loads(head.read_text()) for head in (bundle.folder / "heads").glob("*.json")]
    assert rows[-1][1:] in [[head["hash"], f"facts/{head['seq']:06}.json"] for head in heads]
    bundle.folder.joinpath("CHAIN").write_text("".join(" ".join(row) + "\n" for row in [rows[0], *rows[2:]]))
    assert any("GAP" in command for command in bundle.failing())


@needs_tools
@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("certificate.json", "certificate.json"),
        ("certificate.sig", "certificate.json"),
        ("facts/*", "CHAIN"),
        ("CHAIN", "CHAIN"),
        ("heads/*.json", "heads/"),
        ("heads/*.sig", "heads/"),
        ("SHA256SUMS.sig", "SHA256SUMS.sig"),
        ("public-key.pem", "certificate.json"),
        ("02_clock.json", "sha256sum --quiet"),
    ],
)
def test_v01_one_changed_byte_makes_the_commands_fail(bundle, path, result):
    file = min(bundle.folder.glob(path))
    raw = bytearray(file.read_bytes())
    at = raw.index(b"a", len(raw) // 2) if path.endswith("pem") else len(raw) // 2
    raw[at] ^= 1
    file.write_bytes(raw)
    failing = bundle.failing()
    assert any(result in command for command in failing)
    assert path.startswith("SHA256SUMS") or any("sha256sum --quiet" in command for command in failing)
    assert bundle.whole_script().returncode != 0


@needs_tools
def test_a_removed_fact_and_checksum_break_the_signature_over_the_checksums(bundle):
    fact = sorted((bundle.folder / "facts").iterdir())[1]
    for listing in ("CHAIN", "SHA256SUMS"):
        lines = bundle.read(listing).splitlines(keepends=True)
        (bundle.folder / listing).write_text("".join(line for line in lines if fact.name not in line))
    fact.unlink()
    assert any("SHA256SUMS.sig" in command for command in bundle.failing())


@needs_tools
def test_v03_openssl_accepts_the_timestamp_of_the_head_with_the_authority_s_certificate(bundle, authority):
    (command,) = re.findall(r"^  (openssl ts -verify .*)$", bundle.read("README.txt"), re.MULTILINE)
    shutil.copy(authority.ca, bundle.folder / "ca.pem")
    assert (
        subprocess.run(
            ["bash", "-c", command], cwd=bundle.folder, capture_output=True, check=False, timeout=60
        ).returncode
        == 0
    )
    [head] = (bundle.folder / "heads").glob("*.json")
    head.write_text(head.read_text().replace('"seq":', '"seq":1'))
    assert (
        subprocess.run(
            ["bash", "-c", command], cwd=bundle.folder, capture_output=True, check=False, timeout=60
        ).returncode
        != 0
    )


def test_the_bundle_has_a_table_for_each_question_of_an_auditor(office, bundle):
    """Requirement L-06: one table is what the certificate of BSA 2023 s.63(4) asks of the record. Requirement C-05."""
    request = office.request("erasure")
    assert [path.stem for path in sorted(bundle.folder.glob("[01]*.json"))] == TABLES
    receipt, clock = bundle.json("01_receipt.json"), bundle.json("02_clock.json")
    assert [row["topic"] for row in receipt["deliveries"]] == ["customers/redact"]
    assert receipt["received_at_local"].endswith("+05:30")
    assert receipt["facts"][0]["detail"]["secret_index"] == 0
    assert (clock["due_at"], clock["late"]) == (request["due_at"], False)
    assert bundle.json("03_identity.json")["method"] == "platform_webhook"
    assert bundle.json("04_scope.json")["kind"] == "erasure"
    assert {row["system"] for row in bundle.json("05_sources.json")["systems"]} == {"shopify", "vault", "bridge"}
    assert bundle.json("06_decisions.json")["kept"]
    assert bundle.json("07_third_parties.json")["processors"]
    assert bundle.json("10_aftercare.json")["open"]
    software = bundle.json("11_software.json")
    assert all(fact["actor"].startswith("operator") for fact in software["by_operators"])
    record = bundle.json("12_electronic_record.json")
    assert record["made_by"]["version"] == software["version"]
    assert record["made_by"]["language"].startswith("Python 3")
    assert receipt["facts"][0]["at"] == record["first_fact_at"] <= record["last_fact_at"]
    assert hashlib.sha256((bundle.folder / "SHA256SUMS").read_bytes()).hexdigest() in bundle.read("STATEMENT")
    assert (software["policy_sha256"], len(software["retention_sha256"])) == ("", 64), (
        "the invented shop names no policy"
    )
    facts = {f"{fact['row']:06}.json" for name in TABLES for fact in bundle.json(f"{name}.json").get("facts", [])}
    assert facts <= {path.name for path in (bundle.folder / "facts").iterdir()}
    assert facts


def test_the_certificate_is_the_signed_one_and_valid_by_its_schema(office, bundle):
    request_id = office.request("erasure")["id"]
    with office.services.store.transaction() as tx:
        kept = dict(tx.packages.find_certificate(request_id))
    schema = bundle.json(f"schema/{CERTIFICATE_SCHEMA_FILE.name}")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert breaches(kept, schema, schema) == []
    signature = kept.pop("signature")
    raw = (bundle.folder / "certificate.json").read_bytes()
    assert raw == encode_canonical_json(kept)
    assert (bundle.folder / "certificate.sig").read_bytes() == b64decode(signature["value"])
    certificate = json.loads(raw)
    assert breaches(certificate, schema, schema) == []
    for name in certificate:
        assert breaches({key: value for key, value in certificate.items() if key != name}, schema, schema)
    assert breaches(certificate | {"verdict": "all well"}, schema, schema)
    assert breaches(certificate | {"status": "done"}, schema, schema)


def test_v04_the_bundle_names_no_data_subject(office, unpack):
    for kind, person in (("access", office.world.asha), ("erasure", office.world.bikram)):
        orders = office.world.list_orders(person)
        words = [person.last, person.email, person.phone.removeprefix("+91"), str(person.id)]
        words += [parcel.waybill for order in orders for parcel in order.parcels] + [str(order.id) for order in orders]
        for more in ((), ("--to-head",)):
            for path in unpack(kind, *more).folder.rglob("*"):
                text = path.read_bytes().lower() if path.is_file() else b""
                assert not [word for word in words if word.lower().encode() in text], path.name


def test_an_access_request_has_a_bundle_without_a_certificate(unpack):
    bundle = unpack("access")
    assert not list(bundle.folder.glob("certificate*")) + list(bundle.folder.glob("schema"))
    assert "no certificate" in bundle.read("README.txt")
    assert bundle.json("08_letters.json")["facts"][0]["fact"] == "package.sealed"


def test_a_bundle_is_a_file_for_its_owner_and_recorded_as_a_fact(office, tmp_path, authority):
    request = office.request("erasure")
    target = tmp_path / "bundle.zip"
    before = len(office.facts())
    result = office.say("dsr", "evidence", request["id"], "--out", str(target))
    assert (result.code, target.stat().st_mode & 0o777) == (0, 0o600)
    assert office.facts()[before:] == ["evidence.exported"]
    assert office.say("dsr", "evidence", request["id"], "--out", str(target)).code == 2
    assert len(office.facts()) == before + 1
    for words in (("--out", str(tmp_path / "x.txt")), ("--to-head", "--out", str(tmp_path / "x.json"))):
        assert office.say("dsr", "evidence", request["id"], *words).code == 2
    assert office.say("dsr", "evidence", "req_nobody", "--out", str(tmp_path / "x.zip")).code == 1
    assert not (tmp_path / "x.zip").exists()
