"""Decisions about the evidence chain: hashes, signed heads, timestamps. No input or output."""
