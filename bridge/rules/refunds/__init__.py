"""Decisions about bank details of refunds. No input or output."""
