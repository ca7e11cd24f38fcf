"""The demo's last chapter: verify the evidence, and search all stored data for values that identify Bikram."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.sandbox.demo.console import chapter, fact, must
from bridge.sandbox.demo.demo_env import contains_any

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import DemoEnvironment
    from bridge.sandbox.world.models import Person, World

NOT_CHECKED = 2  # the exit code of check.sh where a tool is missing or too old


def run_verification_chapter(demo: DemoEnvironment) -> None:
    """Verify the evidence, and search everything that rests for values that identify Bikram."""
    chapter(9, "The evidence is verified, and the data about Bikram is searched for")
    verified = demo.run_command("evidence", "verify")
    must(verified["ok"], f"The evidence is a chain of {verified['rows']} facts. It is intact and its end is signed.")
    words = _list_identifying_words(demo.world.bikram, demo.world)
    posted = sum(contains_any(raw, words[:3]) for raw in demo.posted_bodies)
    must(posted, f"{posted} of the webhooks sent above identify Bikram, so the search terms do find the data.")
    traces = demo.find_traces(words)
    must(
        not traces,
        f"The database, Redis, the logs and all files were searched for {len(words)} values that identify Bikram. "
        "None was found."
        if not traces
        else f"No value that identifies Bikram is left: {traces}",
    )
    request = demo.wait_for_closed_request("erasure", demo.world.shop)
    bundle = demo.results / "bikram-evidence.zip"
    exported = demo.run_command("dsr", "evidence", request["id"], "--out", str(bundle), "--force", "--to-head")
    must(
        exported["complete"],
        "The end of the chain is signed now, so that the evidence bundle proves that it is complete.",
    )
    with zipfile.ZipFile(bundle) as files:
        fact(
            f"The evidence bundle has {len(files.namelist())} files. sha256sum and openssl check them; "
            "README.txt explains how."
        )
        buffer = io.BytesIO(b"".join(files.read(name) for name in files.namelist()))
    buffer.seek(0, io.SEEK_END)
    for path in demo.results.glob("bikram*"):
        if path != bundle:
            buffer.write(path.read_bytes())
    must(not contains_any(buffer.getvalue(), words), "The bundle and the letter do not identify Bikram either.")
    _run_check_script(bundle)


def _run_check_script(bundle: Path) -> None:
    """Check the bundle as an auditor does, with the script in it. Where this machine lacks a tool, say which."""
    bash = shutil.which("bash")
    if bash is None:
        reason = "check.sh was not run: this machine has no bash."
        fact(reason)
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(bundle) as files:
        files.extractall(folder)
        [script] = Path(folder).rglob("check.sh")
        checked = subprocess.run(
            [bash, script.name], cwd=script.parent, capture_output=True, text=True, timeout=60, check=False
        )
    if checked.returncode == NOT_CHECKED:
        reason = checked.stderr.strip()
        fact(reason)
        return
    must(
        checked.returncode == 0,
        "The bundle's own script check.sh passed it: nothing in it is wrong, and no fact is missing before its signed end.",
    )


def _list_identifying_words(person: Person, world: World) -> list[bytes]:
    """Return what identifies a person: last name, address, phone in both spellings, ids, waybills."""
    orders = world.list_orders(person)
    words = [
        person.last,
        person.email,
        person.phone,
        person.phone.removeprefix("+91"),
        str(person.address["address1"]),
        str(person.id),
        *(str(order.id) for order in orders),
        *(parcel.waybill for order in orders for parcel in order.parcels),
    ]
    return [word.encode() for word in words]
