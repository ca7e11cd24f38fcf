"""The sample bodies of `send`, and one POST with a short timeout."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import click

from bridge.cli.shared.failures import CommandFailed
from bridge.rules.operations.causes import describe_network_error

SAMPLES_DIR = Path(__file__).parent / "samples"
POST_TIMEOUT_S = 5
SAMPLE_TOPICS = sorted(path.stem.replace("__", "/") for path in SAMPLES_DIR.glob("*.json"))


def load_sample_body(topic: str, shop: str, request_number: int = 0) -> bytes:
    """Return the sample body of a topic, about an invented person, for this shop. Raises UsageError.

    `request_number` makes a data request one of its own: the same bytes again are a repetition.
    """
    path = SAMPLES_DIR / (topic.replace("/", "__") + ".json")
    if not path.is_file():
        raise click.UsageError(f"there is no sample of {topic}; give a body with --file")
    body = json.loads(path.read_text(encoding="utf-8"))
    for key in body.keys() & {"shop_domain", "myshopify_domain"}:
        body[key] = shop
    if request_number and "data_request" in body:
        body["data_request"]["id"] = request_number
    return json.dumps(body, separators=(",", ":")).encode()


def post_webhook(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post the body and return the HTTP status; exit with 1 if there is no answer."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - http(s) checked
    try:
        with urllib.request.urlopen(request, timeout=POST_TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError as fault:
        why = describe_network_error(fault) or type(fault).__name__
        raise CommandFailed(f"No answer from {url}: {why}.", "Is `bridge serve` running, at this port?") from None
