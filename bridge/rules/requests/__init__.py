"""Decisions about a privacy request: deadlines, the order of its tasks, its state. No input or output."""
