"""Check the settings: what is unset, what must be reviewed, which keys there are, and Shopify's version."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.connectors.shopify.api.versions import check_version
from bridge.model import CheckResult


def check_settings(context: CommandContext) -> list[CheckResult]:
    """Return the missing settings, the warnings, the key ring and the version of the Admin API."""
    configuration = context.configuration
    # Production does not start with a missing setting; development reports it here.
    missing = [CheckResult(name="setting", ok=None, detail=what) for what in configuration.missing]
    warnings = [CheckResult(name="to review", ok=None, detail=what) for what in configuration.warnings]
    ring = ", ".join(key_id for key_id, _ in configuration.settings.keys)
    keys = CheckResult(name="keys", ok=True, detail=f"ring: {ring}; the first key seals")
    version = check_version(configuration.settings.shopify_api_version, datetime.now(UTC).date())
    return [*missing, *warnings, keys, version]
