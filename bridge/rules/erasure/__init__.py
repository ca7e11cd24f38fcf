"""Decisions about an erasure: its plan, its prechecks, its certificate, what remains. No input or output."""
