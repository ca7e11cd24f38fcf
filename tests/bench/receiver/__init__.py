"""The receiver under load: as fast as it answers, at a constant rate, and beside hundreds of slow connections."""
