"""Check the extras for Sentry and OpenTelemetry: where a setting needs one that is not installed no process starts."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.cli.context import CommandContext
from bridge.model import CheckResult
from bridge.telemetry import list_missing_extras


def check_telemetry(context: CommandContext) -> Iterator[CheckResult]:
    """Yield whether what the settings name is installed; nothing where nothing is set. Contacts nobody."""
    settings = context.configuration.settings
    missing = list_missing_extras(settings)
    for what, command in missing:
        yield CheckResult(name="telemetry", ok=False, detail=what, fix=command, stops_release=True)
    ways = [
        words
        for words, is_set in (("exceptions to Sentry", settings.sentry_dsn), ("spans by OTLP", settings.otlp_endpoint))
        if is_set
    ]
    if ways and not missing:
        yield CheckResult(name="telemetry", ok=True, detail=" and ".join(ways))
