"""Update the index from order webhooks. Opens no request."""
