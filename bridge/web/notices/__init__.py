"""The answer page: where a processor reads an erasure instruction and answers it, without an account."""

from bridge.web.notices.page import create_notices_blueprint

__all__ = ["create_notices_blueprint"]
