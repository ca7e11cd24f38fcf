"""Makes a request of a mail that an officer has read: it counts from the mail's arrival. Calls nobody."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    Language,
    Mail,
    MailState,
    Principal,
    PrivacyRequest,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.services import Services
from bridge.steps.requests.open_for_person import open_person_request

MAIL_FAULTS = {
    "mail_ended": "somebody is done with that mail already",
    "mail_expired": "the mail's text and sender were destroyed: open a request with dsr open",
    "nobody_named": "the mail has no sender that can be answered: give --identifiers",
    "particulars_unknown": "--particulars names a field that this kind does not have",
}


def open_mail(
    mail: Mail,
    kind: RequestKind,
    *,
    shop: str,
    principal: Principal | None,
    details: RequestDetails,
    language: Language,
    actor: str,
    services: Services,
) -> PrivacyRequest:
    """Open a request, or join an open one, and return it.

    Without a `principal` the sender's address names the person; letters go to it unless `details` say where.
    Raises PayloadInvalid with a key of MAIL_FAULTS or a reason of `open_person_request`.
    """
    with services.store.read() as tx:
        content = tx.mails.open_content(mail)
    if content is None:
        raise PayloadInvalid("mail_expired")
    sender = ReplyContact(address=content.sender, language=language) if content.sender else None
    request_id = open_person_request(
        kind,
        shop,
        principal or Principal(email=content.sender),
        mail.arrived_at,
        source=RequestSource.MAIL,
        details=details if details.contact or not sender else replace(details, contact=sender),
        actor=actor,
        reason=mail.id,
        services=services,
    )
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if not tx.mails.end_mail(mail, MailState.OPENED, request=request, sender=content.sender):
            raise PayloadInvalid("mail_ended")
        tx.evidence.append_fact(
            Fact.MAIL_OPENED, shop=mail.shop, actor=actor, request_id=request_id, mail=mail.id, kind=kind
        )
    return request
