"""Asha's riches: one record of everything that Shopify can hold of a person, laid over the plain invented ones.

Nobody else has any of it, and a person who was redacted has none of it left.
"""
