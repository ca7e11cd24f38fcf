"""A copy of the project as somebody clones it: the files that git tracks, without `.env`, `var` or a database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")
ANSWERS = {
    "trading_name": "Kiran Toys",
    "legal_name": "Kiran Toys Private Limited",
    "legal_entity_type": "company",
    "address": "2 Example Street, Pune 411001",
    "shops": "kiran-toys.myshopify.com, kiran-outlet.myshopify.com",
    "website_url": "https://toys.example.in",
    "policy_file": "ab" * 32,
    "policy_last_updated": "1 October 2026",
    "officer_name": "Kiran Canaryson",
    "officer_email": "privacy@example.in",
    "officer_phone": "+919000000011",
    "gstin": "27AAAAA0000A1Z5",
    "warranty_days": "0",
    "return_window_days": "14",
    "carriers": "delhivery=privacy@delhivery.example.com, aftership",
    "reviewed_by": "A. Counsel (invented)",
    "public_url": "https://bridge.example.com",
    "shopify_client_id": "client",
    "shopify_client_secret": "shpss_0123456789abcdef",
}


def copy_tracked_files(target: Path) -> Path:
    """Copy what git tracks, as it stands in the working folder; return the copy."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard", "app.py", "app.json", "Procfile", "bin", "bridge", "config", "workers"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run_in_clone(
    clone: Path, *words: str, environ: Mapping[str, str] | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command there with nothing in the environment but what Python needs and what is given."""
    command = [sys.executable, *words[1:]] if words[0] == "python" else list(words)
    own = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return subprocess.run(
        command, cwd=clone, env={**own, **(environ or {})}, input=typed, capture_output=True, text=True, check=False
    )


def run_bridge(clone: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python -m bridge …` there."""
    return run_in_clone(clone, "python", "-m", "bridge", *words, typed=typed)


def list_answer_flags(**changes: str) -> list[str]:
    """Return the invented answers as `--set` flags."""
    return [part for name, answer in {**ANSWERS, **changes}.items() for part in ("--set", f"{name}={answer}")]
