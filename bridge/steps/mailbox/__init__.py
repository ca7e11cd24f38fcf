"""Mail that reaches the merchant: fetched, taken in, and turned into a request by an officer."""
