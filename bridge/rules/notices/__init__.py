"""Decisions about notices: who gets one, when, and what an answer means. No input or output."""
