"""Read `[letters]` of the merchant's file: who gets the answer to a request of Shopify, and the language of letters."""

from __future__ import annotations

from dataclasses import dataclass

from config.toml_reader import TomlTable

STORE_OWNER, PERSON = "store_owner", "person"
LANGUAGES = ("en", "hi")


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterRules:
    """How letters to persons are written; names are those of `[letters]`.

    `shopify_requests` is `store_owner` (Shopify asks the owner of a shop to answer its customer) or `person`. `language`
    (ISO 639-1) is that of a letter to somebody who named none.
    """

    shopify_requests: str = STORE_OWNER
    language: str = "en"

    @property
    def answers_person(self) -> bool:
        """Return whether a request by webhook is answered to the person."""
        return self.shopify_requests == PERSON


def read_letter_rules(letters: TomlTable) -> LetterRules:
    """Return `[letters]`; faults go into the report."""
    return LetterRules(
        shopify_requests=letters.get_choice("shopify_requests", (STORE_OWNER, PERSON), STORE_OWNER),
        language=letters.get_choice("language", LANGUAGES, "en"),
    )
