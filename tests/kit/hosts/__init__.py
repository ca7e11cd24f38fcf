"""Copies of the project, and stand-ins for the commands of hosts."""
