"""`dsr approve`, `withdraw`, `refuse`, `extend`: what a person decides about a request before it changes anything."""
