"""The numbered summaries of an access package. Pure: values in, JSON-ready values out."""
