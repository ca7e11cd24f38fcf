"""Steps that find what stands still or needs a person, and tell operators. They change no request."""
