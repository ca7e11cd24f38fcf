"""Plain words for the codes of a certificate of erasure. Words only, no decisions."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.rules.erasure.remaining_data import PLATFORM_REQUEST_PENDING, PROCESSOR_ANSWER_PENDING
from bridge.rules.notices.timing import PAUSED_BY_OPERATOR

HEADLINES: Mapping[str, str] = {  # by `outcome`
    "erased": "Yes. We erased your personal data, but for what stays below.",
    "erased_here_others_must_answer": "We erased your personal data in our own records, but for what stays below.",
    "nothing_held": "In our own records we found no personal data about you.",
    "erased_in_part": "We erased a part of your personal data. What stays, and until when, stands below.",
    "not_erased": "No. We erased nothing.",
    "retained": "Not yet. All of it stays for a time: why, and until when, stands below.",
}
MERGED_HEADLINE = (
    "Your customer account was merged with another one of yours. We erased what named the old number; what belongs to "
    "the account that was kept stays."
)
NOT_ERASED_REASONS: Mapping[str, str] = {
    "unreadable_identifier": "What the request names cannot be read as an e-mail address, a phone number or a customer "
    "number, so we could not search by it. Write to us, and we start again."
}
TABLE_NOUNS = {  # by table of `erased`, beside those of the access letter: singular, plural
    "data_keys": ("key that could open them", "keys that could open them")
}
SUBJECTS_BY_GROUND: Mapping[str, str] = {
    PROCESSOR_ANSWER_PENDING: "parcel and order numbers in our letters to the firms below",
    PLATFORM_REQUEST_PENDING: "the number by which Shopify is asked to erase",
}
KEPT_SUBJECTS: Mapping[str, str] = {  # by category of `kept`
    "parcel_index": "codes by which we know you, your orders and your parcels",
    "cod_refund_bank": "bank particulars for a refund",
    "marketing_consent": "what you agreed to and withdrew for marketing, and when, without your address",
    "suppression": "codes of your customer number, e-mail, phone and orders",
    "request_evidence": "the record of your request and of what we did, without your name",
}
DOCUMENT_DETAILS: Mapping[str, str] = {  # by how `what` of a sealed copy ends
    ": figures, State, name and address": "with the figures, your State, your name and your address",
    ": figures, State": "with the figures and your State, without your name",
    " as issued": "as it was issued to you",
}
REASONS: Mapping[str, str] = {  # by ground, where it is no law of a state
    PROCESSOR_ANSWER_PENDING: "so that these firms know what to erase",
    PLATFORM_REQUEST_PENDING: "so that Shopify can be asked whether it erased",
    "evidence_3y": "our privacy policy, and our duty to prove what we did",
}
REASONS_BY_CATEGORY: Mapping[str, str] = {
    "suppression": "so that no late message brings your data back; they cannot be turned back into your data"
}
OPEN_ENDS: Mapping[str, str] = {  # by ground, where nobody can name a day yet
    PROCESSOR_ANSWER_PENDING: "the last of them has answered",
    PLATFORM_REQUEST_PENDING: "Shopify has confirmed",
    "legal_claim": "the dispute or claim is over",
    "refund_unsettled": "the refund is settled",
    "open_contract": "the contract is fulfilled",
}
REMNANTS_WAIT = (
    "Traces of what is gone may remain in our storage until we have written over them; we try that every hour, and "
    "nobody can read them without our keys."
)
NO_DAY = "nobody can name the day yet"
WAIT_REASONS: Mapping[str, str] = {
    "": "it stands in our next letter",
    "parcel_moving": "the parcel is still on its way",
    "parcel_returning": "the parcel is on its way back",
    "cod_unremitted": "the cash for the parcel is still to be paid over to us",
    "cod_not_known": "we do not know yet whether the cash for the parcel was paid over to us",
    "claim_window": "there can still be a claim about the parcel",
    "lost_claim": "there can still be a claim for the lost parcel",
    "carrier_does_not_know_it": "we cannot see whether the parcel has arrived",
    "carrier_not_tracked": "we cannot see whether the parcel has arrived",
    "parcel_review_open": "we check whether the parcel is yours",
    "carrier_unknown": "we have to find out who carried it",
    "processor_not_listed": "we have to find out who carried it",
    "country_restricted": "it is in a country to which we may send nothing",
    "file_by_hand": "we have to file it by hand",
    PAUSED_BY_OPERATOR: "a person here has stopped it for now",
}
CANNOT_WRITE_YET = "we have no tested way to reach it yet"
MATTER_OPEN, LAW_KEEPS_IT = "a return, a refund or a dispute about it is open", "a law or an open contract keeps it"
HAS_TO_WAIT = "it has to wait"
BOUNCED = "our letter did not arrive; a person here looks for another way"
NAMED_BY_NOBODY = "we know no number by which we could name your data to it"
RESIDUE_GROUND = "platform_residue"  # what other apps wrote there
RESIDUE_NAMES: Mapping[str, str] = {  # by the last word of a field's name
    "metafields": "more fields of your profile",
    "ring_size": "ring size",
    "loyalty": "loyalty programme",
    "note": "notes",
    "note_attributes": "what you filled in at the checkout",
    "properties": "engravings",
    "gift_message": "gift messages",
    "cod_score": "marks about cash on delivery",
    "rto_count": "marks about cash on delivery",
    "otp_log": "codes sent to your phone",
}
RESIDUE_SUBJECT = "what other apps have written about you at Shopify, if anything"
RESIDUE_REASON = "Shopify's own erasure does not reach it: {names}"
SHOPIFY_CANCELLED = "the erasure at Shopify was called off"
SHOPIFY_REFUSED = "Shopify did not take our request. A person here looks into it."
SHOPIFY_NOT_ASKED = "We have not asked Shopify: {reason}."
SHOPIFY_ASKED_LATER = " We ask on {day}."
BALANCE_WOULD_BE_LOST = "you would lose what you have with us ({balances}); tell us whether it may go"
SHOPIFY_INFORMED_US = "it told us on {day}"
MERGED_SUBJECT = "orders, parcels, e-mail and phone of the account that was kept"
MERGED_REASON, MERGED_END = "they belong to that account", "that account is erased too"
SHOPIFY_WAITS = "Shopify erases its own copy by itself. It waits while orders are recent or open, up to 180 days after the last one."
SHOPIFY_NOT_CONFIRMED = "Shopify has not confirmed that it erased its own copy."
ACCOUNTS_IN_DOUBT = {  # by the reason of the gap
    "several_customers": "What you named leads to {what} that may be another person's. We left that alone: a person here decides "
    "whether it is yours.",
    "not_looked_up": "We could not ask whether what you named leads to further accounts. A person here looks into it.",
}
