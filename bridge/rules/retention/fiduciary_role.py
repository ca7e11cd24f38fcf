"""Who may open what: the five departments that the policy names, and nobody else. Pure.

Policy section 3: access for these departments only. A sealed document is for those who answer for the books.
"""

from __future__ import annotations

STAFF_ROLES = ("admin", "sales_logistics", "marketing", "legal_compliance", "sysadmin")
DOCUMENT_READER_ROLES = frozenset({"admin", "legal_compliance"})


def may_open_documents(role: str) -> bool:
    """True for the roles that may see a statutory copy in the clear."""
    return role in DOCUMENT_READER_ROLES
