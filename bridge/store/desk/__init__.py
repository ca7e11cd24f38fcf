"""Nominations, persons that an incident concerns, approvals by two people, warnings of deadlines."""
