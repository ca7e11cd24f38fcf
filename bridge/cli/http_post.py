"""What `send` sends and how: a sample body, and one POST without following anything."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import click

from bridge.cli.context import refuse

SAMPLES = Path(__file__).parent / "samples"
TIMEOUT_S = 5
TOPICS = sorted(path.stem.replace("__", "/") for path in SAMPLES.glob("*.json"))


def sample(topic: str, shop: str) -> bytes:
    """The sample body of a topic, about an invented person, for this shop."""
    path = SAMPLES / (topic.replace("/", "__") + ".json")
    if not path.is_file():
        raise click.UsageError(f"there is no sample of {topic}; give one with --file")
    body = json.loads(path.read_text(encoding="utf-8"))
    if "shop_domain" in body:
        body["shop_domain"] = shop
    return json.dumps(body, separators=(",", ":")).encode()


def post(url: str, raw: bytes, headers: dict[str, str]) -> int:
    """Post and give the status; ends the command with 1 where nobody answers."""
    request = urllib.request.Request(url, data=raw, headers=headers, method="POST")  # noqa: S310 - http(s) checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError as fault:
        refuse(f"Nobody answers at {url}: {getattr(fault, 'reason', fault)}")
        return 0
