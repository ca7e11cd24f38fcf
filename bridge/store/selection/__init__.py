"""What lists and bulk commands select: one set of filters, one builder of queries for all of them."""
