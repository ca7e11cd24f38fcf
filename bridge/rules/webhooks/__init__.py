"""Decisions about a webhook: signature, topic, body. No input or output."""
