"""Receive, dispatch and retry webhooks. Calls no other system."""
