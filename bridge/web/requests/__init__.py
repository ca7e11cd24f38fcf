"""The page on which a person takes a request back, by the link of the acknowledgement."""

from bridge.web.requests.page import create_requests_blueprint

__all__ = ["create_requests_blueprint"]
