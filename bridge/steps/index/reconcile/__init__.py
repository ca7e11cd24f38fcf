"""Compare the orders that the platform has with the index, and fill in what no webhook brought."""
