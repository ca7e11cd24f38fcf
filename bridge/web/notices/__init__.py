"""The answer page: where a processor reads an erasure instruction and answers it, without an account."""

from bridge.web.notices.page import blueprint

__all__ = ["blueprint"]
