"""Plan before deed: what a request will do is shown and approved before it changes anything, or the request ends early."""
