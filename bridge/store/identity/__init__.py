"""Who asks: what waits on the public page for its code, doubts about a person, and whose records an address is on."""
