"""A sale in a thousand shops: a burst of webhooks through the real processes, and how the backlog is drained."""
