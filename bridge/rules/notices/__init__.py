"""Decisions about notices: who must be told, when, and what an answer means. No input or output."""
