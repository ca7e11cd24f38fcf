"""What `send` sends and how: a sample body, and one POST without following anything."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import click

from bridge.cli.context import exit_with_error

SAMPLES_DIR = Path(__file__).parent / "samples"
POST_TIMEOUT_S = 5
SAMPLE_TOPICS = sorted(path.stem.replace("__", "/") for path in SAMPLES_DIR.glob("*.json"))


def load_sample_body(topic: str, shop: str) -> bytes:
    """The sample body of a topic, about an invented person, for this shop."""
    path = SAMPLES_DIR / (topic.replace("/", "__") + ".json")
    if not path.is_file():
        raise click.UsageError(f"there is no sample of {topic}; give one with --file")
    body = json.loads(path.read_text(encoding="utf-8"))
    if "shop_domain" in body:
        body["shop_domain"] = shop
    return json.dumps(body, separators=(",", ":")).encode()


def post_webhook(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post and give the status; ends the command with 1 where nobody answers."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - http(s) checked
    try:
        with urllib.request.urlopen(request, timeout=POST_TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError as fault:
        exit_with_error(f"Nobody answers at {url}: {getattr(fault, 'reason', fault)}")
        return 0
