"""The web application: webhooks, health, metrics, the answer page, the public list of processors. Only Flask code."""

from bridge.web.app import create_app

__all__ = ["create_app"]
