"""One run of an erasure: what it was going to do, and what it does. No decisions."""
