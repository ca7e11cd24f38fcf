"""How a webhook is received, dispatched and retried."""
