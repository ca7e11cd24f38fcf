"""The settings of the web process."""

# ruff: noqa: RUF009 - a setting is a frozen field that `setting` makes, never a shared value
from __future__ import annotations

from dataclasses import dataclass

from config import env_parsers
from config.env_parsers import Secret, int_setting, number_setting, secret_setting, setting


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Variables that bound what the web process receives and say where it listens."""

    public_url: str = setting(
        "PUBLIC_URL", "start of the links in letters; empty: http://localhost:$PORT", "", env_parsers.parse_http_url
    )
    port: int = int_setting("PORT", "port of the web process", 8000, (1, 65535))
    web_concurrency: int = int_setting("WEB_CONCURRENCY", "web processes, 32 threads each", 2, (1, 64))
    metrics_token: Secret = secret_setting(
        "METRICS_TOKEN", "bearer token of /metrics; while it is unset, production serves no metrics"
    )
    body_limit_bytes: int = int_setting(
        "BODY_LIMIT_BYTES",
        "largest webhook body in bytes; a larger one is answered 413",
        5_000_000,
        (1_000, 100_000_000),
    )
    body_deadline_s: float = number_setting(
        "BODY_DEADLINE_S", "seconds in which a body must arrive; Shopify allows 5 for the whole request", 4.0, (0.1, 60)
    )
    dedupe_hours: float = number_setting(
        "DEDUPE_HOURS", "hours in which the same topic and body count as one; Shopify retries for 4", 4.0, (0, 720)
    )
    accept_wait_s: float = number_setting(
        "ACCEPT_WAIT_S", "seconds to wait for the commit of a webhook; then it is answered 503", 3.0, (0.1, 30)
    )
    accept_queue_rows: int = int_setting(
        "ACCEPT_QUEUE_ROWS", "webhooks per process that may wait for a commit", 2_000, (1, 100_000)
    )
    accept_queue_bytes: int = int_setting(
        "ACCEPT_QUEUE_BYTES", "bytes of the webhooks that may wait for a commit", 64_000_000, (1_000, 1_000_000_000)
    )
