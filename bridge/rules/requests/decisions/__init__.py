"""What an officer may decide about a request: to refuse it, or to take longer. Pure."""
