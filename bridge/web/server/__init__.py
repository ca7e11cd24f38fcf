"""The server side of HTTP: receives each request whole, within limits, before the Flask application sees it."""

from bridge.web.server.receiver import RequestReceiver

__all__ = ["RequestReceiver"]
