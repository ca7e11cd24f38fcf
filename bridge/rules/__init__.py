"""Pure decisions: no clock, no table, no network; today, grounds and secrets are arguments."""
