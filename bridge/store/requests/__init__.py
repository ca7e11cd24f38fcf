"""Tables of privacy requests and their tasks. No decisions."""
