"""Decisions about a shop that uninstalled the app. No input or output."""
