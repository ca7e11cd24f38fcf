"""The JSON API for help desks and other programs of the merchant: open requests, list and show them."""

from bridge.web.api.blueprint import create_api_blueprint

__all__ = ["create_api_blueprint"]
