"""What a law keeps of an erasure: read, put off, and listed. Destroys nothing, and never calls another system."""
