"""The demo: seven chapters that the real processes act out against the stand-ins. Production code never imports it."""
