"""Settings from the environment, and the two files of the merchant."""
