"""Decide which of the merchant's departments may open sealed documents. Pure.

Policy section 3 names five departments with access; a sealed document is only for those who answer for the books.
"""

from __future__ import annotations

STAFF_ROLES = ("admin", "sales_logistics", "marketing", "legal_compliance", "sysadmin")
DOCUMENT_READER_ROLES = frozenset({"admin", "legal_compliance"})


def may_open_documents(role: str) -> bool:
    """Return True for the roles that may read a statutory copy in the clear."""
    return role in DOCUMENT_READER_ROLES
