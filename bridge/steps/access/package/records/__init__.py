"""Build the files under `records/` of an access package. Reads findings only."""
