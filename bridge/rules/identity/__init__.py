"""Who asks, as far as it follows from what is on record: whether a person is under 18."""
