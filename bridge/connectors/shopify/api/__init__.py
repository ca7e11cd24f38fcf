"""How Shopify's Admin API is called: tokens, GraphQL documents, throttling, access scopes. Knows no privacy request."""
