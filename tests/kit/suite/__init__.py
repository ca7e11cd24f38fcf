"""What runs the tests: their distribution among processes, and what they share."""
