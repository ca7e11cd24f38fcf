"""Decides which of the customers that a request's identifiers lead to are the data subject. Pure.

The same decision for access and for erasure. Two customers are one person where both have the same full name and a
contact that is on record for both, or where an operator said so. Everything else is in doubt: families share phones,
and many people share a name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.model import Contact, CustomerJudgement, CustomerVerdict, DoubtedCustomer, PlatformCustomer, Principal
from bridge.rules.index.consignee.person_names import split_name
from bridge.rules.index.identity import CONTACT_FIELDS, list_normal_forms

# The reason of a gap and the kind of its review: identifiers of the request lead to a customer that may be another person.
SEVERAL_CUSTOMERS = "several_customers"
NOT_LOOKED_UP = "not_looked_up"  # the reason of a gap: nobody could ask whether there are further customers
SEVERAL_CUSTOMERS_SUBJECT = "an identifier of the request is a customer's that may be another person"
# The kind of a finding that holds the number of such a customer and nothing else of it, until somebody has decided.
DOUBTED_CUSTOMER_KIND = "doubted_customer"
NAMES_DIFFER, NAME_INCOMPLETE = "names_differ", "name_incomplete"
NO_SHARED_CONTACT, PHONE_ALONE, NOTHING_TO_COMPARE = "no_shared_contact", "phone_alone", "nothing_to_compare"
MIN_NAME_WORDS = 2  # a given name alone is shared within a family


def list_contacts(principal: Principal) -> list[Contact]:
    """Return the e-mail addresses and phones that a request names, in normal form and in its order."""
    values = {"email": principal.email, "phone": principal.phone}
    return [(field, form) for field in CONTACT_FIELDS for form in list_normal_forms(field, values[field])]


def names_several(principal: Principal) -> bool:
    """Return whether the identifiers may lead to several customers, or to one by a phone."""
    contacts = list_contacts(principal)
    return len(contacts) + bool(principal.customer_id) > 1 or any(field == "phone" for field, _ in contacts)


def judge_customers(principal: Principal, customers: Iterable[PlatformCustomer]) -> list[CustomerJudgement]:
    """Return the verdict on each customer. Those that an operator decided about keep that verdict.

    The customer whose number the request names is the data subject; without a number the one of its first e-mail address
    that is somebody's. A phone alone names nobody.
    """
    found = list({customer.id: customer for customer in customers}.values())
    foreign = [one for one in found if one.id in principal.foreign_customer_ids]
    candidates = [one for one in found if one not in foreign]
    first = _find_named_customer(principal, candidates)
    decided = {principal.customer_id, *principal.further_customer_ids, first.id if first else ""}
    same = [one for one in candidates if one.id in decided]
    in_doubt = [one for one in candidates if one.id not in decided]
    while joined := [one for one in in_doubt if any(_explain_difference(one, other) == "" for other in same)]:
        same += joined
        in_doubt = [one for one in in_doubt if one not in joined]
    reasons = {one.id: _explain_doubt(one, same) for one in in_doubt}
    return [
        CustomerJudgement(customer=one, verdict=_choose_verdict(one, same, foreign), reason=reasons.get(one.id, ""))
        for one in found
    ]


def _choose_verdict(
    customer: PlatformCustomer, same: Sequence[PlatformCustomer], foreign: Sequence[PlatformCustomer]
) -> CustomerVerdict:
    if customer in foreign:
        return CustomerVerdict.FOREIGN
    return CustomerVerdict.SAME if customer in same else CustomerVerdict.IN_DOUBT


def _find_named_customer(principal: Principal, customers: Sequence[PlatformCustomer]) -> PlatformCustomer | None:
    if principal.customer_id:
        return next((one for one in customers if one.id == principal.customer_id), None)
    emails = [contact for contact in list_contacts(principal) if contact[0] == "email"]
    return next((one for email in emails for one in customers if email in one.found_by), None)


def _explain_doubt(customer: PlatformCustomer, same: Sequence[PlatformCustomer]) -> str:
    if not same:
        return PHONE_ALONE if all(field == "phone" for field, _ in customer.found_by) else NOTHING_TO_COMPARE
    return _explain_difference(customer, same[0])


def _explain_difference(one: PlatformCustomer, other: PlatformCustomer) -> str:
    """Return why two customers may be two persons; '' where they are one."""
    names = [_split_full_name(each.name) for each in (one, other)]
    if any(len(words) < MIN_NAME_WORDS for words in names):
        return NAME_INCOMPLETE
    if names[0] != names[1]:
        return NAMES_DIFFER
    return "" if _collect_contacts(one) & _collect_contacts(other) else NO_SHARED_CONTACT


def _split_full_name(name: str) -> list[str]:
    """Return the words of a name in alphabetical order, without titles and whatever stands between them."""
    return sorted(split_name(unicodedata.normalize("NFKC", name)))


def _collect_contacts(customer: PlatformCustomer) -> set[Contact]:
    return {
        (field, form)
        for field, value in (*customer.contacts, *customer.found_by)
        for form in list_normal_forms(field, value)
    }


def collect_doubts(judgements: Sequence[CustomerJudgement]) -> tuple[DoubtedCustomer, ...]:
    """Return the customers that somebody must decide about."""
    beside = next((one.customer.id for one in judgements if one.verdict is CustomerVerdict.SAME), "")
    return tuple(
        DoubtedCustomer(id=one.customer.id, found_by=one.customer.found_by, reason=one.reason, beside=beside)
        for one in judgements
        if one.verdict is CustomerVerdict.IN_DOUBT
    )


def settle_principal(principal: Principal, judgements: Sequence[CustomerJudgement]) -> Principal:
    """Return the principal with all customers that are the data subject, without the contacts of those that may not be.

    A contact of somebody else erases nothing and suppresses nothing.
    """
    same = [one.customer.id for one in judgements if one.verdict is CustomerVerdict.SAME]
    first, *further = dict.fromkeys(filter(None, (principal.customer_id, *same, *principal.further_customer_ids))) or (
        "",
    )
    others = [one.customer.found_by for one in judgements if one.verdict is not CustomerVerdict.SAME]
    settled = replace(principal, customer_id=first, further_customer_ids=tuple(further))
    return remove_contacts(settled, [contact for found_by in others for contact in found_by])


def remove_contacts(principal: Principal, contacts: Iterable[Contact]) -> Principal:
    """Return the principal without these e-mail addresses and phones."""
    removed, own = set(contacts), list_contacts(principal)
    if removed.isdisjoint(own):
        return principal
    email, phone = (
        ", ".join(form for of, form in own if of == field and (of, form) not in removed) for field in CONTACT_FIELDS
    )
    return replace(principal, email=email, phone=phone)


def restore_contacts(principal: Principal, contacts: Iterable[Contact]) -> Principal:
    """Return the principal with these e-mail addresses and phones besides its own."""
    known = list_contacts(principal)
    added = [contact for contact in dict.fromkeys(contacts) if contact not in known]
    if not added:
        return principal
    email, phone = (", ".join(form for of, form in (*known, *added) if of == field) for field in CONTACT_FIELDS)
    return replace(principal, email=email, phone=phone)


def include_customer(principal: Principal, customer: DoubtedCustomer) -> Principal:
    """Return the principal with a customer that an operator decided to be the data subject, and its contacts."""
    ids = list(dict.fromkeys(filter(None, (*principal.customer_ids, customer.id)))) or [""]
    foreign = tuple(one for one in principal.foreign_customer_ids if one != customer.id)
    included = replace(principal, customer_id=ids[0], further_customer_ids=tuple(ids[1:]), foreign_customer_ids=foreign)
    return restore_contacts(included, customer.found_by)


def exclude_customer(principal: Principal, customer: DoubtedCustomer) -> Principal:
    """Return the principal without a customer that an operator decided to be another person."""
    further = tuple(one for one in principal.further_customer_ids if one != customer.id)
    foreign = tuple(dict.fromkeys(filter(None, (*principal.foreign_customer_ids, customer.id))))
    without = replace(principal, further_customer_ids=further, foreign_customer_ids=foreign)
    return remove_contacts(without, customer.found_by)


def build_customer_review_key(customer: DoubtedCustomer, subject: str) -> str:
    """Return what makes a review the same: one decision holds for two customers, in every request.

    Where no customer is the data subject for sure, it holds for the data subject of the request.
    """
    named = customer.id or "|".join(value for _, value in customer.found_by)
    return f"{named}|{customer.beside or subject}"
