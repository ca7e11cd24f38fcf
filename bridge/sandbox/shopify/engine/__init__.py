"""How the Shopify stand-in runs a GraphQL operation: parsing, cost, search. Holds no records."""
