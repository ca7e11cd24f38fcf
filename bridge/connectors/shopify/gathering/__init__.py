"""How everything that Shopify holds of one data subject is read, page by page. Changes nothing at Shopify."""
