"""What all commands have in common: how they are listed, fail, ask, take dates and ids, and print tables."""
