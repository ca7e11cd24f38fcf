"""`send`: sign a sample or a file as Shopify would, and post it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge.cli.desk import AS_JSON, emit, refuse
from bridge.rules.signature import sign
from bridge.rules.topics import is_shop, well_formed
from config.start import load_all

SAMPLES = Path(__file__).parent / "samples"
DEMO_SHOP = "minimiss-demo.myshopify.com"
TIMEOUT_S = 5


@click.command(
    epilog="Samples: " + ", ".join(sorted(path.stem.replace("__", "/") for path in SAMPLES.glob("*.json")))
)
@click.argument("topic")
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Body to send."
)
@click.option("--url", help="Where the bridge listens. [default: http://localhost:$PORT]")
@click.option("--shop", help="The *.myshopify.com domain. [default: the first of the merchant's file]")
@click.option("--webhook-id", help="Send as this delivery; the same id twice is a repetition.")
@AS_JSON
def send(
    topic: str, source: Path | None, url: str | None, shop: str | None, webhook_id: str | None, as_json: bool
) -> None:
    """Sign a webhook with the first client secret and post it, as Shopify would.

    Without --file a sample of the topic about an invented person is sent.
    """
    start = load_all()
    shop = shop or next(iter(start.merchant.shops), DEMO_SHOP)
    if not well_formed(topic):
        raise click.UsageError(f"{topic!r} is no topic; one is customers/redact")
    if not is_shop(shop):
        raise click.UsageError(f"{shop!r} is no *.myshopify.com domain")
    if not start.settings.shopify_client_secrets:
        refuse("SHOPIFY_CLIENT_SECRETS is not set: there is nothing to sign with.")
    raw = source.read_bytes() if source else _sample(topic, shop)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Hmac-Sha256": sign(raw, start.settings.shopify_client_secrets[0].reveal_bytes()),
        "X-Shopify-API-Version": start.settings.shopify_api_version,
        "X-Shopify-Webhook-Id": webhook_id or str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    base = (url or f"http://localhost:{start.settings.port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise click.UsageError("--url must start with http:// or https://")
    status = _post(f"{base}/webhooks/{topic}", raw, headers)
    if as_json:
        emit(
            {
                "status": status,
                "topic": topic,
                "shop": shop,
                "webhook_id": headers["X-Shopify-Webhook-Id"],
                "bytes": len(raw),
            }
        )
    else:
        click.echo(f"{status}  {topic}  webhook id {headers['X-Shopify-Webhook-Id']}")
    if status != 200:
        raise SystemExit(1)


def _sample(topic: str, shop: str) -> bytes:
    path = SAMPLES / (topic.replace("/", "__") + ".json")
    if not path.is_file():
        raise click.UsageError(f"there is no sample of {topic}; give one with --file")
    body = json.loads(path.read_text(encoding="utf-8"))
    if "shop_domain" in body:
        body["shop_domain"] = shop
    return json.dumps(body, separators=(",", ":")).encode()


def _post(url: str, raw: bytes, headers: dict[str, str]) -> int:
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
