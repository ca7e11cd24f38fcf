"""The questions of `init`: each with why it is asked, its default, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from config.env_parsers import ParseFault, make_pattern_parser, make_url_parser, parse_database_url
from config.merchant_file.merchant import LEGAL_FORMS
from config.toml_reader import MAX_DAYS

CARRIERS = ("bluedart", "delhivery", "shiprocket", "aftership")
_EMAIL_PATTERN = r"[^@\s]+@[^@\s]+\.[^@\s]+"

parse_email = make_pattern_parser(_EMAIL_PATTERN, "must be an e-mail address")
parse_https_url = make_url_parser("https")


def parse_line(answer: str) -> str:
    """Return a text of one line. Raises ParseFault."""
    if not answer.isprintable():
        raise ParseFault("must be one line of text")
    return answer


def parse_legal_form(answer: str) -> str:
    """Return the merchant's legal form. Raises ParseFault."""
    if answer not in LEGAL_FORMS:
        raise ParseFault("must be one of " + ", ".join(LEGAL_FORMS))
    return answer


def parse_shops(answer: str) -> list[str]:
    """Return the shops' domains. Raises ParseFault."""
    shops = [part.strip() for part in answer.split(",") if part.strip()]
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", shop) for shop in shops):
        raise ParseFault("must be of the form name.myshopify.com, comma-separated")
    return shops


def parse_days(answer: str) -> int:
    """Return a number of days. Raises ParseFault."""
    if not re.fullmatch(r"\d{1,5}", answer) or int(answer) > MAX_DAYS:
        raise ParseFault(f"must be a whole number of days, 0 to {MAX_DAYS}")
    return int(answer)


def hash_policy(answer: str) -> str:
    """Return the SHA-256 of a file, or the SHA-256 that was given. Raises ParseFault."""
    if re.fullmatch(r"[0-9a-f]{64}", answer):
        return answer
    try:
        return sha256(Path(answer).read_bytes()).hexdigest()
    except OSError:
        raise ParseFault("must be a file that can be read, or its SHA-256") from None


def parse_carriers(answer: str) -> dict[str, str]:
    """Return the carriers, each with its privacy contact or ''; `none` gives none. Raises ParseFault."""
    if answer == "none":
        return {}
    carriers = {}
    for part in filter(None, (part.strip() for part in answer.split(","))):
        name, _, contact = (each.strip() for each in part.partition("="))
        if name not in CARRIERS or (contact and not re.fullmatch(_EMAIL_PATTERN, contact)):
            raise ParseFault(
                "must be NAME or NAME=E-MAIL, comma-separated, or none; NAME is one of " + ", ".join(CARRIERS)
            )
        carriers[name] = contact
    return carriers


def parse_gstin(answer: str) -> str:
    """Return a GSTIN by its form. Raises ParseFault."""
    if not re.fullmatch(r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]{3}", answer):
        raise ParseFault("must be a GSTIN: 15 capital letters and digits")
    return answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question. An empty answer leaves its value unset, which `doctor` and the start of production name.

    `only_for` names the kind of installation that is asked; '' means all.
    """

    name: str
    text: str
    reason: str
    default: str = ""
    parse: Callable[[str], object] = parse_line
    is_secret: bool = False
    only_for: str = ""


QUESTIONS = (
    Question(name="trading_name", text="Name of the shop", reason="every letter begins with it"),
    Question(
        name="legal_name",
        text="Legal name of the merchant",
        reason="E-Commerce Rules 2020 r.4(2)(a), GDPR Art 13(1)(a)",
    ),
    Question(
        name="legal_entity_type",
        text="Legal form: " + ", ".join(LEGAL_FORMS),
        reason="it decides how long books are kept; unknown keeps by the longest rule",
        default="unknown",
        parse=parse_legal_form,
    ),
    Question(name="address", text="Postal address", reason="every letter prints it"),
    Question(
        name="shops",
        text="Shopify domains, name.myshopify.com, comma-separated",
        reason="webhooks about orders of other shops are rejected",
        parse=parse_shops,
    ),
    Question(
        name="website_url",
        text="Address of the shop, https://…",
        reason="letters say which shop is meant",
        parse=parse_https_url,
    ),
    Question(
        name="policy_file",
        text="File with the text of your privacy policy, or its SHA-256",
        reason="evidence states which policy was in force",
        parse=hash_policy,
    ),
    Question(
        name="policy_last_updated", text="Day of the policy's last change", reason="letters name the policy by it"
    ),
    Question(
        name="officer_name",
        text="Name of the grievance officer",
        reason="DPDP Rules 2025 r.9: data subjects may write to this person",
    ),
    Question(
        name="officer_designation",
        text="Designation of that person",
        reason="E-Commerce Rules 2020 r.4(4)",
        default="Grievance Officer",
    ),
    Question(
        name="officer_email",
        text="E-mail address of the grievance officer",
        reason="data subjects and carriers answer to it",
        parse=parse_email,
    ),
    Question(name="officer_phone", text="Phone of the grievance officer", reason="every letter prints it"),
    Question(
        name="gstin",
        text="GSTIN",
        reason="copies of invoices state it; its first two digits are the State",
        parse=parse_gstin,
    ),
    Question(
        name="warranty_days",
        text="Days of warranty (0: none)",
        reason="until then an order's data are needed",
        parse=parse_days,
    ),
    Question(
        name="return_window_days",
        text="Days in which goods may be returned (0: none)",
        reason="until then an order's data are needed",
        parse=parse_days,
    ),
    Question(
        name="carriers",
        text=f"Carriers ({', '.join(CARRIERS)}), each with its privacy contact: delhivery=privacy@…",
        reason="they hold names and addresses, and must be told to erase",
        default="bluedart, delhivery",
        parse=parse_carriers,
    ),
    Question(
        name="reviewed_by",
        text="Who read the retention file and answers for it",
        reason="it states law; without a name production does not start",
    ),
    Question(
        name="public_url",
        text="Public https address of the bridge",
        reason="Shopify posts there, and letters link to it",
        parse=parse_https_url,
    ),
    Question(name="shopify_client_id", text="Client id of the Shopify app", reason="Dev Dashboard, Settings"),
    Question(
        name="shopify_client_secret",
        text="Client secret of the Shopify app",
        reason="it verifies webhooks and asks for tokens",
        is_secret=True,
    ),
    Question(
        name="database_url",
        text="Address of Postgres, postgres://…",
        reason="everything is stored there",
        parse=parse_database_url,
        is_secret=True,
        only_for="server",
    ),
    Question(
        name="redis_url",
        text="Address of Redis, redis://…",
        reason="the queue of jobs",
        parse=make_url_parser("redis", "rediss", "unix"),
        default="redis://127.0.0.1:6379",
        only_for="server",
    ),
)


def get_today() -> date:
    """Return the day of this machine's calendar, on which the answers are given."""
    return date.today()  # noqa: DTZ011 - the day on which a person in front of this machine answers
