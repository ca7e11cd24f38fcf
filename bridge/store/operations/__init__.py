"""Rows by which operators see whether the bridge works, and queries for what stands still. No decisions."""
