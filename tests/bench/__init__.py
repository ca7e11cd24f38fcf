"""The budgets, measured on this machine with real processes: `make bench`.

Every figure is the median of several runs; whatever does not end in its time is a failure, not a wait.
"""
