"""How the index learns from order webhooks. Opens no request."""
