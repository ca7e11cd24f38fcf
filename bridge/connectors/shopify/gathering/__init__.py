"""Reads everything that Shopify stores about one data subject, page by page. Changes nothing at Shopify."""
