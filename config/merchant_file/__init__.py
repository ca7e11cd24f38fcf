"""The merchant's file (`config/merchant.toml`), read into values. Decides nothing."""
