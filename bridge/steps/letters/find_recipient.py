"""Find the address that a letter goes to, and why it cannot go. Decides by what is stored and by the merchant's file; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.model import Language, LetterKind, PrivacyRequest, ReplyContact, RequestDetails, RequestKind, RequestSource
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.erasure.outcome import list_missing_settings
from bridge.steps.notices.send import find_mail_blocker
from config.readiness import list_package_blockers

# they tell something of the person: to an address from the public page only after a code came back from it
DISCLOSING_LETTERS = frozenset(
    {
        LetterKind.ANSWER,
        LetterKind.OUTCOME,
        LetterKind.SUPPLEMENT,
        LetterKind.CORRECTED,
        LetterKind.RESTRICTED,
        LetterKind.RESTRICTION_LIFTED,
        LetterKind.OBJECTION_DECIDED,
        LetterKind.NOMINATION_RECORDED,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """The address that a letter goes to, '' where there is nobody, and in which language."""

    address: str
    language: Language
    is_store_owner: bool = False


def find_recipient(request: PrivacyRequest, details: RequestDetails, services: Services) -> Recipient:
    """Return the contact that the request states; of a request of Shopify the owner of the shop where the file says so."""
    if details.contact and details.contact.address:
        return Recipient(address=details.contact.address, language=details.contact.language)
    language = Language(services.merchant.letters.language)
    is_owner = request.source is RequestSource.WEBHOOK and not services.merchant.letters.answers_person
    return Recipient(
        address=services.merchant.officer.email if is_owner else "", language=language, is_store_owner=is_owner
    )


def add_contact(details: RequestDetails, request: PrivacyRequest, services: Services) -> RequestDetails:
    """Return the details with a contact: the e-mail address by which the person is known, where none was stated."""
    if details.contact or not request.principal.email:
        return details
    language = Language(services.merchant.letters.language)
    return replace(details, contact=ReplyContact(address=request.principal.email, language=language))


def find_letter_blocker(request: PrivacyRequest, kind: LetterKind, details: RequestDetails, services: Services) -> str:
    """Return the code of why this letter cannot go out now; '' where it can."""
    if blocker := find_mail_blocker(services):
        return blocker
    if list_missing_settings(services.merchant, day=local_day(services.clock.now(), services.merchant.clocks)):
        return "officer_not_named"
    if not find_recipient(request, details, services).address:
        return "no_contact"
    is_proven = details.contact is None or details.contact.proven
    if request.source is RequestSource.PAGE and kind in DISCLOSING_LETTERS and not is_proven:
        return "contact_not_proven"
    if kind in (LetterKind.ANSWER, LetterKind.SUPPLEMENT) and request.kind is RequestKind.ACCESS:
        files = (services.merchant, services.retention, services.settings.merchant_file)
        return "package_blocked" if list_package_blockers(*files) else ""
    return ""
