"""Readers of the retention file (`config/retention.toml`). They decide nothing."""
