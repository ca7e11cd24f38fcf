"""Plain words for codes: what the data subject reads instead of `unreached`, `xv` or `sms_gateway`.

Words only, no decisions. A code without an entry is shown with blanks instead of underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.model import Absence

SYSTEM_NAMES = {
    "shopify": "Shopify (our shop platform)",
    "delhivery": "Delhivery (carrier)",
    "bluedart": "Blue Dart (carrier)",
    "shiprocket": "Shiprocket (books our carriers)",
    "aftership": "AfterShip (shows where parcels are)",
    "bridge_store": "our own records of requests and parcels",
}
TRADE_NAMES = {
    "shopify": "Shopify",
    "delhivery": "Delhivery",
    "bluedart": "Blue Dart",
    "shiprocket": "Shiprocket",
    "aftership": "AfterShip",
    "google": "Google",
    "bridge_host": "the firm that runs the computer on which we answer requests",
    "payment_gateway": "the payment service",
    "sms_gateway": "the service that sends our text messages",
    "email_agency": "the agency that sends our e-mail",
    "advertising_remarketing": "advertising partners",
    "analytics_consultant": "the consultant who analyses the use of our site",
    "social_login": "social networks you sign in with",
}
SHARED_FIELD_PHRASES = {
    "name": "your name",
    "delivery_address": "your delivery address",
    "phone": "your phone number",
    "order_invoice_value": "the value on the invoice",
    "email": "your e-mail address",
    "items": "what you ordered",
}
ABSENCE_SENTENCES: Mapping[Absence, str] = {
    Absence.DENIED: "{system} did not let us read: {what}",
    Absence.UNREACHED: "{system} did not give us everything. Missing: {what}",
    Absence.NOT_CONFIGURED: "We have no access to {system} yet. Not asked for: {what}",
    Absence.NOT_REMOVED: "Left as it is at {system}: {what}",
    Absence.UNATTRIBUTED: "We could not tell whose these are, so they are left out ({system}): {what}",
    Absence.WITHHELD: "Held back, because the record at {system} does not seem to be about you: {what}",
}
GAP_SUBJECT_PHRASES = {
    "": "what it holds about you",
    "answer": "what it holds about you",
    "customer": "your customer profile",
    "orders": "your orders",
    "returns": "your returns",
    "draft orders": "your draft orders",
    "gift cards": "your gift cards",
    "blog comments": "your comments on our blog",
    "records by phone": "what only the phone number of the request would find",
    "records by email": "what only the e-mail address of the request would find",
}
RETRY_SENTENCE = "Ask us for it again, and name the reference of this letter."
GAP_REASON_SENTENCES = {
    "source_unavailable": f"It did not answer. {RETRY_SENTENCE}",
    "timeout": f"It did not answer in time. {RETRY_SENTENCE}",
    "not_finished": f"It had not finished answering when this letter was made. {RETRY_SENTENCE}",
    "access_denied": "We lack a permission for that.",
    "not_approved": "The platform has not approved us for this kind of data.",
    "credential_rejected": "Our access was refused and has to be renewed first.",
    "credentials": "Our access was refused and has to be renewed first.",
    "ConnectorUnavailable": f"It did not answer. {RETRY_SENTENCE}",
    "ConnectorThrottled": f"It asked us to wait. {RETRY_SENTENCE}",
    "ConnectorRefused": "It refused our question.",
    "shop_unidentified": "We do not know yet whether records under another name of our shop are yours. Our answer is made anew then.",
    "no_connector": "We have no connection to that company. You can ask it yourself.",
    "parcel_contradicted": "It names another order and another person. Somebody of ours has to look at it first.",
    "parcel_unproven": "Nothing in it shows whose it is. Somebody of ours has to look at it first.",
    "another_customer_or_unconfirmed": "They are kept under another customer or address than yours.",
    "not_in_version": "The platform does not offer this in the version of its service that we use.",
    "no_credentials": "We have to obtain access first.",
    "no_token": "We have to obtain access first.",
    "malformed_number": "What the order names as its parcel number cannot be one.",
    "unreadable_answer": "Its answer about them could not be read.",
    "unreadable_identifier": "What the request named cannot be read as one, so we could not search by it.",
    "several_customers": "What the request names leads to another customer, too. We do not know whether that is you, so we left it "
    "out.",
    "not_looked_up": "We could not ask whether what the request names leads to further customers.",
    "list_too_long": "There is more of it than the platform hands out at once.",
    "gone_meanwhile": "It disappeared while we were reading.",
    "list_does_not_end": "Its list repeated itself; what we could read of it is here.",
    "internal_error": "It failed while answering, twice.",
    "not_returned": "They are named there, and it did not return them.",
    "lost_row": "It named them and left them blank.",
    "owner_hidden": "They may be yours: it does not let us read whose they are.",
    "seal_broken": "It could not be opened.",
    "no_system_asked": "No system was set up to be asked.",
}
MASKING_REASONS = {
    "payment_number_masked": "Numbers of cards and accounts show their last four digits only, so that nobody "
    "who finds this copy can take your money.",
    "payment_detail_masked": "Bank codes and payment addresses are hidden, so that nobody who finds this copy can take your money.",
    "bank_detail_in_text_masked": "A note held what looks like bank particulars; that part is hidden.",
    "staff_name_replaced": "Names of our staff are replaced by their role.",
    "other_person_removed": "The name of another person who took a parcel in for you is left out.",
    "third_person_masked": "Where your records name another person, such as the one who got a gift from you, that "
    "person's name, address, phone and e-mail are hidden.",
    "nested_too_deeply": "A part of a record could not be laid out safely and is left out.",
}
OTHER_PERSONS_SENTENCES = {  # by `[access] third_persons` of the merchant file
    "mask": "Your records name another person in {places}, for example the one who got a gift from you. What identifies "
    "that person is hidden there, because your copy must not harm the rights of others. A name that stands in a note or "
    "message only is not always recognised.",
    "show": "Your records name another person in {places}, for example the one who got a gift from you. We show what we "
    "hold about that person: keep it as safe as your own data.",
}
# Said in every copy, whether something is kept secret or not.
AUTHORITIES_SENTENCE = "A law can forbid us to name an authority that got data. Then it is not listed here."
COMPLAINT_ROUTE_SENTENCES = {
    "grievance_officer": "First write to our Grievance Officer at the address below.",
    "national_consumer_helpline_1915": "In India you can call the National Consumer Helpline on 1915.",
    "it_act_adjudicating_officer": "In India you can complain to the Adjudicating Officer for information technology "
    "of your State.",
    "data_protection_board_of_india": "If we do not settle the matter, you can complain to the Data "
    "Protection Board of India.",
    "supervisory_authority": "You can complain to the data protection authority of the country where you "
    "live or work, and you can go to court.",
    "merchant_complaint_s164A": "In the United Kingdom you can complain to us directly.",
    "ico": "In the United Kingdom you can also complain to the Information Commissioner's Office.",
}
MINOR_SENTENCE = (
    "A birth date in our records says that this is about a person under 18. We give this copy because a parent or guardian "
    "asked for it."
)
CONSENT_ENDS_PHRASE = "until you take back your consent to offers; it is erased then unless a law keeps it"
CATEGORY_PHRASES = {
    "customer_profile": "your customer profile",
    "greetings": "your date of birth and anniversary, for greetings and offers",
    "contact": "your e-mail and phone",
    "address": "your addresses",
    "order_lines": "what you ordered",
    "order_free_text": "engravings, gift messages and notes",
    "invoice_document": "your invoices",
    "payment_reference": "your payments, without full numbers",
    "cod_refund_bank": "bank particulars for a refund",
    "shipment": "your parcels",
    "cod_risk": "marks about the risk of cash on delivery",
    "marketing_consent": "your consents to marketing",
    "suppression": "your wish not to be written to",
    "usage_cookies": "how you used the shop, with internet address",
    "support": "your messages to us",
    "webhook_payload": "messages between our systems",
    "request_evidence": "the record of your requests",
    "access_package": "copies made for you, like this one",
    "parcel_index": "which of your parcels went with which carrier, in codes",
    "instruction_text": "what we asked carriers and others to erase",
}
ERASED_ROW_NOUNS = {  # by table: singular, plural
    "customers": ("customer record", "customer records"),
    "orders": ("order", "orders"),
    "parcels": ("parcel", "parcels"),
    "findings": ("record gathered for an earlier answer", "records gathered for an earlier answer"),
    "packages": ("copy made for you", "copies made for you"),
    "deliveries": ("message of the shop platform", "messages of the shop platform"),
    "mails": ("mail of yours", "mails of yours"),
    "nominations": ("nomination", "nominations"),
}
SUPPRESSION_KEYS_SENTENCE = (
    "So that no late message brings your data back, we keep codes of your customer number, e-mail, phone and "
    "orders. They cannot be turned back into them."
)
RETENTION_ACTION_PHRASES = {
    "erase": "it is erased",
    "anonymise": "what identifies you is removed from it",
    "pseudonymise": "what identifies you is removed from it, and a code stays",
    "restrict": "it is kept",
    "seal": "it is kept sealed, and each opening is recorded",
    "evidence": "a record of what was asked and done is kept",
    "keep": "it is kept",
    "age_out": "it goes when the back-ups are replaced",
}
PLATFORM_RESIDUE_SENTENCES = {  # what the platform's own erasure leaves of a category
    "all": "It stays at our shop platform: its erasure leaves notes, and what other programs wrote there.",
    "some": "What other programs wrote of it at our shop platform stays there.",
}
HELD_ACTION_PHRASES = {  # begin the sentence of a retention rule
    "restrict": "Kept",
    "pseudonymise": "Kept, with a code in place of what identifies you,",
    "seal": "Kept sealed",
    "evidence": "A record of it is kept",
}
RETENTION_EVENT_PHRASES = {
    "document_issued_at": "the invoice was made out",
    "last_processing_at": "we last used it",
    "log_written_at": "the log entry was written",
    "delivered_at": "delivery",
    "refund_reconciled_at": "the refund was settled",
    "claim_opened_at": "the claim was opened",
    "transaction_at": "the payment",
    "case_closed_at": "that request is closed",
    "last_order_at": "your last order",
    "created_at": "it was made",
    "collected_at": "it was collected",
    "ticket_closed_at": "the matter was closed",
    "identity_decided_at": "your identity was confirmed",
    "job_succeeded_at": "it was dealt with",
    "package_ready_at": "the package was ready",
    "backup_taken_at": "the back-up was taken",
    "last_contact_at": "we last heard from you",
    "last_heard_at": "anything was last heard of the order",
    "task_ended_at": "they had answered",
}
LAST_DAY_RULE_PHRASES = {
    "gst_annual_return_due_plus_months": "until {duration} after the yearly tax return for the year of the invoice is due",
    "fy_end_plus_years": "until {duration} after the end of the financial year of the invoice",
    "contract_discharged": "until the order is delivered and the time for returns and warranty is over",
    "until_released_by_ops": "while a dispute or claim is open",
}
CHANNEL_NAMES = {"email": "E-mail", "sms": "SMS", "whatsapp": "WhatsApp"}
CONSENT_STATE_PHRASES = {  # as Shopify names them
    "subscribed": "you agreed to get offers",
    "unsubscribed": "you took your consent back",
    "not_subscribed": "you did not agree to get offers",
    "pending": "you were asked, and have not confirmed",
    "redacted": "erased",
    "invalid": "the address or number could not be used",
}
CONSENT_METHOD_PHRASES = {
    "single_opt_in": "given in one step",
    "confirmed_opt_in": "given, and confirmed by you",
    "unknown": "how it was given is not recorded",
}
OUTDATED_CONSENT_SENTENCE = "Our policy named this use only later, so this consent is too old for it."
OTHER_RECORD_NOUNS = {  # kinds of records that no other line of the letter's summary counts
    "gift_card": "gift card",
    "store_credit_account": "store credit account",
    "subscription_contract": "subscription",
    "payment_method": "stored way to pay",
    "dispute": "payment dispute",
    "blog_comment": "comment on our blog",
    "abandoned_checkout": "cart that was left",
    "company_contact": "company contact",
}
OTHER_RECORD_PLURALS = {
    "stored way to pay": "stored ways to pay",
    "comment on our blog": "comments on our blog",
    "cart that was left": "carts that were left",
}
# by article of the GDPR: what a law of India that keeps data rests on there
GDPR_REASONS: Mapping[str, str] = {
    "17(3)(e)": "Legal claims that may still come",
    "6(1)(f)": "Our legitimate interests",
    "6(1)(b)": "The contract with you",
}
NO_GDPR_REASON = "We know of no ground there, and keep it all the same; you can complain about that"
RISK_PURPOSE_ID = "xv"  # the number of the purpose in the policy (s.5)


_DOTTED_PATH_PATTERN = re.compile(r"[A-Za-z]\w*(\.\w+)+")
_INNER_CAPITAL_PATTERN = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WAYBILL_WORD_PATTERN = re.compile(r"\bwaybill(s?)\b")


def describe_code(code: str, phrases: Mapping[str, str]) -> str:
    """Return the phrase for a code, or the code with blanks instead of underscores."""
    return phrases.get(code) or code.replace("_", " ").strip()


def describe_system(system: str) -> str:
    """Return the name of a system as the data subject knows it."""
    return describe_code(system, SYSTEM_NAMES)


def describe_gap_subject(subject: str) -> str:
    """Return what a gap is about: `customer.defaultAddress.phone` is `phone (customer, default address)`."""
    text = subject.strip()
    if _DOTTED_PATH_PATTERN.fullmatch(text):
        *around, last = (_INNER_CAPITAL_PATTERN.sub(" ", part).lower() for part in text.split("."))
        text = f"{last} ({', '.join(around)})"
    return _WAYBILL_WORD_PATTERN.sub(r"parcel\1", describe_code(text, GAP_SUBJECT_PHRASES))


def explain_gap_reason(code: str) -> str:
    """Return why something is missing, in a sentence; the scope of a missing permission stays in the codes."""
    if code.startswith(("read_", "write_")):
        code = "access_denied"
    return GAP_REASON_SENTENCES.get("not_in_version" if code.startswith("not_in_version") else code, "")
