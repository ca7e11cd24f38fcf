"""Readers of the merchant's file (`config/merchant.toml`). They decide nothing."""
