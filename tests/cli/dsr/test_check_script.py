"""`check.sh` of a bundle, in a clean directory and with bash, sha256sum and openssl alone, against who forges the bundle.

An outsider makes the sums anew. A holder of the key signs the list and the statement again as well.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.store.crypto.keyring import Keyring

TOOLS = ("bash", "sha256sum", "openssl")
pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on this machine"
)
UNLISTED = {"SHA256SUMS", "SHA256SUMS.sig", "STATEMENT", "STATEMENT.sig"}
EARLIER = '"issued_at":"2020-'


@dataclass
class Forger:
    """An unpacked bundle in somebody's hands, another request's bundle, and the bridge's key."""

    folder: Path
    other: Path
    keyring: Keyring

    def chain(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "CHAIN").read_text().splitlines()]

    def write_chain(self, rows: list[list[str]]) -> None:
        """Write CHAIN and remove the facts that it no longer lists."""
        (self.folder / "CHAIN").write_text("".join(" ".join(row) + "\n" for row in rows))
        for file in (self.folder / "facts").iterdir():
            if f"facts/{file.name}" not in {row[2] for row in rows}:
                file.unlink()

    def own_rows(self) -> list[list[str]]:
        return [row for row in self.chain() if self.request in (self.folder / row[2]).read_text()]

    @property
    def request(self) -> str:
        return self.folder.name.removeprefix("evidence-")

    def sign_file(self, name: str, keyring: Keyring | None = None) -> None:
        content = (self.folder / name).read_bytes()
        stem = name.removesuffix(".json") if name.endswith(".json") else name
        (self.folder / f"{stem}.sig").write_bytes(b64decode((keyring or self.keyring).sign(content)))

    def make_hashes_anew(self) -> None:
        """Compute every hash of the chain again, in the order of CHAIN."""
        rows = self.chain()
        before = rows[0][0]
        for row in rows:
            row[0] = before
            row[1] = before = hashlib.sha256(before.encode() + (self.folder / row[2]).read_bytes()).hexdigest()
        self.write_chain(rows)

    def make_sums_anew(self, *, keyring: Keyring | None = None, signed: bool = True) -> None:
        """List all files again, say in STATEMENT what is now there, and sign both where the key is at hand."""
        files = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
        digests = {
            name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            for name in files
            if name not in UNLISTED
        }
        (self.folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
        rows, statement = self.chain(), self.folder / "STATEMENT"
        stated = dict(line.split(" ", 1) for line in statement.read_text().splitlines())
        stated |= {
            "first": f"{int(rows[0][2][6:-5])} {rows[0][1]}",
            "last": f"{int(rows[-1][2][6:-5])} {rows[-1][1]}",
            "facts": f"{len(self.own_rows())} of {len(rows)}",
            "sums": hashlib.sha256((self.folder / "SHA256SUMS").read_bytes()).hexdigest(),
        }
        statement.write_text("".join(f"{name} {value}\n" for name, value in stated.items()))
        for name in ("SHA256SUMS", "STATEMENT") if signed else ():
            self.sign_file(name, keyring)

    def make_export_anew(self) -> None:
        """Let the fact of the export record what is there now, and sign the head again."""
        tables = [path for name in ("[01]?_*.json", "certificate.*", "schema/*") for path in self.folder.glob(name)]
        lines = "".join(" ".join(row) + "\n" for row in self.own_rows()[:-1]) + "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.folder)}\n"
            for path in sorted(tables)
        )
        digest, export = hashlib.sha256(lines.encode()).hexdigest(), self.folder / self.own_rows()[-1][2]
        export.write_text(re.sub(r'"contents_sha256":"[^"]*"', f'"contents_sha256":"{digest}"', export.read_text()))
        self.make_hashes_anew()
        self.sign_head_of(self.chain()[-1])

    def sign_head_of(self, row: list[str]) -> None:
        """Put in place of the bundle's head one that was signed over this row."""
        [path] = [path for path in (self.folder / "heads").glob("*.json") if not path.with_suffix(".tsr").exists()]
        head = json.loads(path.read_text()) | {"seq": int(row[2][6:-5]), "hash": row[1]}
        path.write_text(json.dumps(head, sort_keys=True, separators=(",", ":")))
        self.sign_file(f"heads/{path.name}")


def take_certificate_of_another(forger: Forger) -> None:
    for name in ("certificate.json", "certificate.sig"):
        shutil.copy(forger.other / name, forger.folder / name)


def take_an_older_certificate(forger: Forger) -> None:
    path = forger.folder / "certificate.json"
    older, count = re.subn(r'"issued_at":"\d{4}-', EARLIER, path.read_text())
    assert count == 1
    path.write_text(older)
    forger.sign_file("certificate.json")


def remove_the_certificate(forger: Forger) -> None:
    for name in ("certificate.json", "certificate.sig"):
        (forger.folder / name).unlink()


def remove_the_first_facts(forger: Forger) -> None:
    forger.write_chain(forger.chain()[2:])


def cut_the_tail(forger: Forger) -> None:
    forger.write_chain(forger.chain()[:-2])


def cut_the_tail_under_an_old_head(forger: Forger) -> None:
    cut_the_tail(forger)
    forger.sign_head_of(forger.chain()[-1])


def put_an_old_head(forger: Forger) -> None:
    forger.sign_head_of(forger.chain()[-3])


def remove_the_head(forger: Forger) -> None:
    shutil.rmtree(forger.folder / "heads")


def drop_a_fact(forger: Forger) -> None:
    rows = forger.chain()
    forger.write_chain([*rows[:3], *rows[4:]])


def drop_a_fact_and_make_hashes_anew(forger: Forger) -> None:
    drop_a_fact(forger)
    forger.make_hashes_anew()


def drop_a_fact_and_say_it_is_incomplete(forger: Forger) -> None:
    own = forger.own_rows()
    forger.write_chain([*own[:3], *own[4:]])
    statement = forger.folder / "STATEMENT"
    statement.write_text(statement.read_text().replace("complete yes", "complete no"))


def reorder_the_chain(forger: Forger) -> None:
    rows = forger.chain()
    forger.write_chain([*rows[:2], rows[3], rows[2], *rows[4:]])


def change_a_table(forger: Forger) -> None:
    path = forger.folder / "02_clock.json"
    path.write_text(path.read_text().replace('"due_at": "20', '"due_at": "30'))


def add_a_table(forger: Forger) -> None:
    (forger.folder / "12_more.json").write_text("{}\n")


def add_a_file(forger: Forger) -> None:
    (forger.folder / "letter.pdf").write_bytes(b"%PDF")


def add_a_hidden_file(forger: Forger) -> None:
    (forger.folder / "facts" / ".more").write_text("{}")


def change_a_fact(forger: Forger) -> None:
    path = forger.folder / forger.own_rows()[0][2]
    path.write_text(path.read_text().replace('"at":"20', '"at":"19'))


def change_a_fact_and_its_hash(forger: Forger) -> None:
    change_a_fact(forger)
    rows = forger.chain()
    rows[0][1] = hashlib.sha256(rows[0][0].encode() + (forger.folder / rows[0][2]).read_bytes()).hexdigest()
    forger.write_chain(rows)


def change_a_fact_and_all_hashes(forger: Forger) -> None:
    change_a_fact(forger)
    forger.make_hashes_anew()


FORGERIES: dict[Callable[[Forger], None], str] = {
    take_certificate_of_another: "a table, the certificate or a fact",
    take_an_older_certificate: "a table, the certificate or a fact",
    remove_the_certificate: "a table, the certificate or a fact",
    remove_the_first_facts: "the first facts are missing",
    cut_the_tail: "the last facts are missing",
    cut_the_tail_under_an_old_head: "the last facts are missing",
    put_an_old_head: "the head is an old one",
    remove_the_head: "the head is an old one",
    drop_a_fact: "a fact is missing between row",
    drop_a_fact_and_make_hashes_anew: "a fact is missing between row",
    drop_a_fact_and_say_it_is_incomplete: "a table, the certificate or a fact",
    reorder_the_chain: "are not in order|a fact is missing between",
    change_a_table: "a table, the certificate or a fact",
    add_a_table: "a table, the certificate or a fact",
    add_a_file: "letter.pdf is not a file that a bundle has",
    add_a_hidden_file: "facts/.more is not a file that a bundle has",
    change_a_fact: "does not have the hash",
    change_a_fact_and_its_hash: "does not continue row",
    change_a_fact_and_all_hashes: "a table, the certificate or a fact",
}


@pytest.fixture
def run(tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run check.sh where nothing but its three tools is found."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))

    def started(forger: Forger, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(tools / "bash"), "check.sh", *words],
            cwd=forger.folder,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return started


@pytest.fixture(scope="module")
def bundles(office, tmp_path_factory) -> dict[str, Path]:
    """Bundles of two erasures, to the head and without, as they were written."""
    office.say("dsr", "waive", "--yes", office.request("access")["id"], "--reason", "wants the erasure at once")
    office.take("customers/redact", person=office.world.asha)
    folder, found = tmp_path_factory.mktemp("bundles"), {}
    erasures = [row for row in office.say("dsr", "list", "--json").json if row["kind"] == "erasure"]
    for number, request in enumerate([*erasures[:2], office.request("access")]):
        for words in ((), ("--to-head",)):
            target = folder / f"{number}{''.join(words)}.zip"
            result = office.say("dsr", "evidence", request["id"], "--out", str(target), *words)
            assert result.code == 0, result.err
            assert ("does not prove that it is complete" in result.err) is not bool(words)
            with zipfile.ZipFile(target) as bundle:
                bundle.extractall(folder / target.stem)
            found[target.stem] = folder / target.stem / f"evidence-{request['id']}"
    return found


@pytest.fixture
def forger(office, bundles, tmp_path):
    def made(name: str = "0--to-head") -> Forger:
        folder = tmp_path / name / bundles[name].name
        shutil.copytree(bundles[name], folder)
        return Forger(folder, bundles["1--to-head"], office.services.store.keyring)

    return made


def test_a_bundle_without_a_certificate_passes(forger, run):
    assert [run(forger(name)).returncode for name in ("2", "2--to-head")] == [3, 0]


def test_an_honest_bundle_passes_and_says_which_key_and_head_to_compare(office, forger, run):
    bundle = forger()
    done = run(bundle)
    assert (done.returncode, done.stderr) == (0, "")
    fingerprint = office.services.signing_key_fingerprint
    assert f"Signing key: {fingerprint}" in done.stdout
    assert done.stdout.count("NOTE: ") == 2
    for head in (bundle.chain()[-1][1], bundle.chain()[3][1].upper()):
        done = run(bundle, "--key", fingerprint, "--head", head)
        assert (done.returncode, done.stderr) == (0, "")
        assert "NOTE" not in done.stdout
    assert run(bundle, "--head", "a" * 64).returncode == 1


def test_a_bundle_without_a_head_says_that_it_is_not_complete(forger, run):
    bundle = forger("0")
    done = run(bundle)
    assert (done.returncode, done.stderr) == (3, "")
    assert "NOT COMPLETE" in done.stdout
    assert "CANNOT PROVE THAT IT IS COMPLETE" in (bundle.folder / "README.txt").read_text()


@pytest.mark.parametrize("words", [("--key",), ("--key", "abc"), ("--other", "a" * 64), ("more",)])
def test_wrong_usage_is_no_failed_check(forger, run, words):
    done = run(forger(), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("NOT CHECKED: ")


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_who_holds_the_key_and_signs_a_forged_bundle_is_found(forger, run, forge):
    bundle = forger()
    forge(bundle)
    bundle.make_sums_anew()
    done = run(bundle)
    assert done.returncode == 1, done.stdout
    assert re.search(FORGERIES[forge], done.stderr), done.stderr
    assert re.fullmatch(r"FAILED: .*\.\n", done.stderr)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
@pytest.mark.parametrize("sums", [False, True], ids=["as they were", "made anew"])
def test_who_has_no_key_is_found(forger, run, forge, sums):
    bundle = forger()
    forge(bundle)
    if sums:
        bundle.make_sums_anew(signed=False)
    done = run(bundle)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("FAILED: ")


def test_a_bundle_signed_with_another_key_is_found_by_its_fingerprint(office, forger, run):
    bundle = forger()
    other = Keyring([("k1", b"1" * 32)], b"2" * 32, b"3" * 32)
    (bundle.folder / "public-key.pem").write_bytes(other.public_key_pem())
    bundle.make_sums_anew(keyring=other)
    done = run(bundle, "--key", office.services.signing_key_fingerprint)
    assert done.returncode == 1
    assert f"signed with another key ({other.public_key_fingerprint})" in done.stderr


@pytest.mark.parametrize(
    ("forge", "sentence"),
    [
        (take_certificate_of_another, "the certificate is of another request"),
        (take_an_older_certificate, "the certificate is not the newest"),
        (remove_the_certificate, "the chain recorded a certificate"),
    ],
    ids=["of another request", "older", "none"],
)
def test_a_certificate_that_the_chain_did_not_record_is_found_even_under_a_forged_head(forger, run, forge, sentence):
    bundle = forger()
    forge(bundle)
    bundle.make_export_anew()
    bundle.make_sums_anew()
    done = run(bundle)
    assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr


def test_a_certificate_of_an_earlier_key_is_not_taken_for_a_forged_one(forger, run):
    bundle, newer = forger(), Keyring([("k1", b"1" * 32)], b"2" * 32, b"3" * 32)
    (bundle.folder / "public-key.pem").write_bytes(newer.public_key_pem())
    for path in (bundle.folder / "heads").glob("*.json"):
        bundle.sign_file(f"heads/{path.name}", newer)
    bundle.make_sums_anew(keyring=newer)
    done = run(bundle, "--key", newer.public_key_fingerprint)
    assert done.returncode == 2
    assert "check it with the key of that day" in done.stderr
    bundle.sign_file("certificate.json", newer)
    bundle.make_sums_anew(keyring=newer)
    assert run(bundle, "--key", newer.public_key_fingerprint).returncode == 1, "the chain recorded another signature"


def rewrite_everything(bundle: Forger) -> None:
    """Change a fact, then make hashes, the digest in the export, certificate's base, head, sums and statement anew."""
    change_a_fact(bundle)
    was = [row[1] for row in bundle.chain()]
    bundle.make_hashes_anew()
    certificate = bundle.folder / "certificate.json"
    text = certificate.read_text()
    for old, row in zip(was, bundle.chain(), strict=True):
        text = text.replace(old, row[1])
    certificate.write_text(text)
    bundle.sign_file("certificate.json")
    issued = [row for row in bundle.own_rows() if '"fact":"certificate.issued"' in (bundle.folder / row[2]).read_text()]
    signature = b64encode((bundle.folder / "certificate.sig").read_bytes()).decode()
    path = bundle.folder / issued[-1][2]
    path.write_text(re.sub(r'"signature":"[^"]*"', f'"signature":"{signature}"', path.read_text()))
    bundle.make_hashes_anew()
    bundle.make_export_anew()
    bundle.make_sums_anew()


def test_a_chain_made_anew_with_the_key_is_found_by_a_head_that_was_kept(forger, run):
    bundle = forger()
    kept = bundle.chain()[-1][1]
    assert run(bundle, "--head", kept).returncode == 0
    rewrite_everything(bundle)
    assert run(bundle).returncode == 0, "a chain alone does not bind who holds the key"
    done = run(bundle, "--head", kept)
    assert (done.returncode, "hash of the head that you kept" in done.stderr) == (1, True)
