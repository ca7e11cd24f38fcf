"""Checks of operations: what stands still or needs somebody, mail to operators; and how the results are shown."""
