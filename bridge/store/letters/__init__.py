"""Letters to data subjects, and what a request states beside the person's identifiers."""
