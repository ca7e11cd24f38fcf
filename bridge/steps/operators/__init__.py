"""Add and disable users, and find out who runs a command or calls the API."""
