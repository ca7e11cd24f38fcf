"""Who works with the bridge: which role may do what, how secrets are guarded, what a reason must say. Pure."""
