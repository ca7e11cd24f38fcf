"""People who work with the bridge, their API tokens, and what the API opened."""
