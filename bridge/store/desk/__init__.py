"""Nominations, persons whom an incident concerns, approvals by two people, warnings of deadlines."""
