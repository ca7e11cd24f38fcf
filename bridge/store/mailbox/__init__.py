"""Mail that was taken in, sealed, and how far the mailbox was read."""
