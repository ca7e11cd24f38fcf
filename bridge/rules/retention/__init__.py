"""Decisions about retention: until when the law keeps a category, and when it must go. No input or output."""
