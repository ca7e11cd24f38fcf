"""Decides what a mail is and what it belongs to. Reads no mailbox."""
