"""Steps of an erasure: plan and erase in the bridge's own tables, and ask the platform. Sends no notices."""
