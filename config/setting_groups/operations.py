"""The settings of the worker, the clock, the log, and of messages to operators."""

# ruff: noqa: RUF009 - a setting is a frozen field that `setting` makes, never a shared value

from __future__ import annotations

from dataclasses import dataclass

from config.env_parsers import (
    Secret,
    choice_setting,
    int_setting,
    make_pattern_parser,
    number_setting,
    parse_headers,
    parse_http_url,
    parse_operator_name,
    parse_secret_url,
    parse_sentry_dsn,
    secret_setting,
    setting,
)

parse_email = make_pattern_parser(r"[^@\s,;<>]+@[^@\s,;<>]+", "must be one e-mail address such as ops@example.com")


@dataclass(frozen=True, kw_only=True)
class OperationsSettings:
    """Variables that say how work is divided, retried and logged."""

    log_level: str = choice_setting(
        "LOG_LEVEL", "lowest level that is logged", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = choice_setting("LOG_FORMAT", "json or text", "json", ("json", "text"))
    merge_wait_minutes: float = number_setting(
        "BRIDGE_MERGE_WAIT_MINUTES",
        "minutes that an erasure from Shopify waits for the merge of customers that it may belong to",
        10.0,
        (0, 1_440),
    )
    lease_s: float = number_setting(
        "LEASE_S",
        "seconds until another worker takes over a dead worker's row; leases are renewed at a third of it",
        15.0,
        (1, 3600),
    )
    sweep_every_s: float = number_setting(
        "SWEEP_EVERY_S", "seconds between two runs of the clock process, which enqueues what is due", 2.0, (0.1, 3600)
    )
    gather_slice_s: float = number_setting(
        "GATHER_SLICE_S",
        "seconds after which a job that works for one person gives way, where others wait",
        1.0,
        (0.1, 600),
    )
    connector_attempts: int = int_setting(
        "CONNECTOR_ATTEMPTS", "attempts at a system that is down, before its data is reported as missing", 6, (1, 50)
    )
    operator: str = setting(
        "BRIDGE_OPERATOR",
        "who runs commands, as evidence names them, where several people share one account; --as of a command goes before",
        parse=parse_operator_name,
    )
    operator_secret_file: str = setting(
        "BRIDGE_OPERATOR_SECRET_FILE",
        "file whose first line is the secret of who runs commands, once there are users; else a terminal is asked",
    )
    ops_email: str = setting(
        "OPS_EMAIL", "who gets a mail each day about what is late, incomplete or stuck: ids and counts", "", parse_email
    )
    alert_webhook_url: Secret = secret_setting(
        "ALERT_WEBHOOK_URL",
        "gets a JSON post of ids and counts when a condition that needs somebody begins, and when it ends",
        parse_secret_url,
    )
    sentry_dsn: Secret = secret_setting(
        "SENTRY_DSN",
        "where exceptions are reported, by type and place, to Sentry; needs requirements-sentry.txt",
        parse_sentry_dsn,
    )
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "an OpenTelemetry collector that gets spans by OTLP over HTTP, such as http://localhost:4318; needs requirements-otel.txt",
        "",
        parse_http_url,
    )
    otlp_headers: Secret = secret_setting(
        "OTEL_EXPORTER_OTLP_HEADERS", "headers for the collector, name=value, comma-separated", parse_headers
    )
