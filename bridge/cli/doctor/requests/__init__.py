"""Checks of requests."""
