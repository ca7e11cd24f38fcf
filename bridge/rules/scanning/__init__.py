"""Decisions about free text: which bank details and identity numbers it contains. No input or output."""
