"""Build the numbered summaries of an access package from plain values. Pure."""
