"""Steps of the officer's desk: nominations, nominees who act, incidents, and warnings before a deadline."""
