"""The answer page: a processor reads an erasure notice there and answers it, without an account."""

from bridge.web.notices.page import create_notices_blueprint

__all__ = ["create_notices_blueprint"]
