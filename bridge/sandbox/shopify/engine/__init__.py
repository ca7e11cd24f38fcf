"""The GraphQL engine of the Shopify stand-in: parsing, cost, search. It holds no records."""
