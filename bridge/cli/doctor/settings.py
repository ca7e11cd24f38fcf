"""Check the settings: what is unset, what must be reviewed, and which keys there are."""

from __future__ import annotations

from bridge.cli.context import CommandContext
from bridge.model import CheckResult


def check_settings(context: CommandContext) -> list[CheckResult]:
    """Return the missing settings, the warnings and the key ring."""
    configuration = context.configuration
    # Production does not start with a missing setting; development reports it here.
    missing = [CheckResult(name="setting", ok=None, detail=what) for what in configuration.missing]
    warnings = [CheckResult(name="to review", ok=None, detail=what) for what in configuration.warnings]
    ring = ", ".join(key_id for key_id, _ in configuration.settings.keys)
    return [*missing, *warnings, CheckResult(name="keys", ok=True, detail=f"ring: {ring}; the first key seals")]
