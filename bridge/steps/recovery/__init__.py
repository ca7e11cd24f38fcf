"""What happens after a backup was restored. Opens no new request."""
