"""The merchant's mailbox: what reaches it is read here, over IMAP or as a mail provider posts it."""
