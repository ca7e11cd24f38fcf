"""Pure decisions: no clock, no table, no network; today, retention rules and secrets are arguments."""
