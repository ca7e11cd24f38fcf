"""The one table of what each role may do (policy section 3: access for five departments, each for its own work).

Marketing manages newsletters at Shopify: it asks who gets none, and no request is opened, seen or worked on by it here. Sales sees shipments only. The
system administrator keeps the bridge running and sees no personal data in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.model import Act, Role

ACT_MEANINGS: Mapping[Act, str] = {
    Act.SEE_SHIPMENTS: "see notices to processors and their parcels, masked",
    Act.CHECK_CONSENTS: "ask which persons of a list get no offers",
    Act.SEE_REQUESTS: "see requests, deliveries, reviews and holds, which name nobody",
    Act.OPEN_REQUESTS: "open a request for a person",
    Act.WORK_REQUESTS: "record receipts, answers and decisions; send and answer notices",
    Act.REFUSE_REQUESTS: "end or cancel a request without what it asks for",
    Act.APPROVE: "approve as a second person; accept the retention file",
    Act.HOLD_RECORDS: "open, review and release legal holds",
    Act.KEEP_DISCLOSURES: "record what was given to authorities, list it, and end its secrecy",
    Act.REVEAL_DATA: "read personal data in the clear, with a reason; hand out packages",
    Act.OPEN_VAULT: "open sealed invoice copies, with a reason",
    Act.KEEP_BANK_DETAILS: "store, list, settle and erase bank details, masked",
    Act.READ_BANK_DETAILS: "read bank details for an open refund, after a second person approved",
    Act.READ_REGISTER: "read and hand out the register and the evidence",
    Act.REPLAY: "run again what failed",
    Act.OPERATE: "compare with Shopify, import orders, resume after a restore",
    Act.MANAGE_KEYS: "keys of the bridge, tokens of shops",
    Act.MANAGE_USERS: "users, their secrets and API tokens",
}
_OF_COMPLIANCE = frozenset(Act) - {Act.OPERATE, Act.MANAGE_KEYS, Act.MANAGE_USERS}
ACTS_BY_ROLE: Mapping[Role, frozenset[Act]] = {
    Role.ADMIN: frozenset(Act),
    Role.LEGAL_COMPLIANCE: _OF_COMPLIANCE,
    Role.SYSADMIN: frozenset({Act.SEE_SHIPMENTS, Act.SEE_REQUESTS, Act.REPLAY, Act.OPERATE, Act.MANAGE_KEYS}),
    Role.SALES_LOGISTICS: frozenset({Act.SEE_SHIPMENTS}),
    Role.MARKETING: frozenset({Act.CHECK_CONSENTS}),
}


def is_allowed(role: Role, act: Act) -> bool:
    """Return whether a role may do this."""
    return act in ACTS_BY_ROLE[role]


def list_roles(act: Act) -> list[Role]:
    """Return the roles that may do this."""
    return [role for role in Role if is_allowed(role, act)]
