"""Rules of the officer's desk: nominees, incidents, and warnings before a deadline. Pure."""
