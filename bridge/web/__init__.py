"""The only Flask: the edge that Shopify posts to, health, metrics, the public list of processors."""

from bridge.web.app import create_app

__all__ = ["create_app"]
