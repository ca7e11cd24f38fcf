"""Check the settings: what is unset, what must be reviewed, which keys there are, and Shopify's version."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.connectors.shopify.api.versions import check_version
from bridge.model import CheckResult
from config.hosting import describe_database_tls
from config.load import Configuration
from config.readiness import list_unstated
from config.settings import Settings

STATE_FIX = "state it in the merchant file, and deploy"


def check_settings(context: CommandContext) -> list[CheckResult]:
    """Return the missing settings, the warnings, the key ring and the version of the Admin API."""
    configuration = context.configuration
    # Production does not start with a missing setting; development reports it here.
    missing = [CheckResult(name="setting", ok=None, detail=what) for what in configuration.missing]
    warnings = [CheckResult(name="to review", ok=None, detail=what) for what in configuration.warnings]
    ring = ", ".join(key_id for key_id, _ in configuration.settings.keys)
    keys = CheckResult(name="keys", ok=True, detail=f"ring: {ring}; the first key seals")
    version = check_version(configuration.settings.shopify_api_version, datetime.now(UTC).date())
    environment = CheckResult(
        name="environment", ok=True, detail=f"{configuration.settings.env}: {configuration.settings.env_reason}"
    )
    return [
        environment,
        *missing,
        *warnings,
        *_check_statements(configuration),
        keys,
        version,
        *_check_database_tls(configuration.settings),
    ]


def _check_statements(configuration: Configuration) -> list[CheckResult]:
    """Return what the merchant's file must say before any data subject's copy is handed over."""
    files = (configuration.merchant, configuration.retention, configuration.settings.merchant_file)
    unstated = [
        CheckResult(name="letter", ok=False, detail=f"{each}: no package is handed over", fix=STATE_FIX)
        for each in list_unstated(*files)
    ]
    stated = "source, activities and automated decisions are stated"
    return unstated or [CheckResult(name="letter", ok=True, detail=stated)]


def _check_database_tls(settings: Settings) -> list[CheckResult]:
    """Return for each database of another machine whether its connection is encrypted."""
    urls = {"DATABASE_URL": settings.database_url, "BRIDGE_LEDGER_URL": settings.ledger_url}
    checks = []
    for name, url in urls.items():
        mode = describe_database_tls(url)
        if mode == "none":
            why = (
                "waived by DATABASE_TLS, for a private network only"
                if settings.database_tls == "waive"
                else "in development"
            )
            checks.append(CheckResult(name=f"TLS of {name}", ok=None, detail=f"not required: {why}"))
        elif mode != "local":
            checks.append(CheckResult(name=f"TLS of {name}", ok=True, detail=mode))
    return checks
