"""What lists and bulk commands share: filters, pages, waiting until the work has ended."""
