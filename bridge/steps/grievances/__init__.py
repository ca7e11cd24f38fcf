"""Grievances of persons: what was complained of, and the answer of the officer."""
