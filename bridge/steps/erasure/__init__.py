"""What an erasure does: plan, erase here, ask the platform, look for its answer. Sends no notices."""
