"""The retention file (`config/retention.toml`), read into values. Decides nothing."""
