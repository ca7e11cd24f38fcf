"""The seeded values of Asha: one record of everything that Shopify can hold about a customer.

No other customer has them, and a redacted customer has none of them left.
"""
