"""List the merchant's processors as anybody may ask for them: names, data, countries, safeguards; never a contract's contact."""

from __future__ import annotations

from typing import Any

from bridge.steps.access.package.sections.recipients import (
    describe_countries,
    describe_safeguard,
    format_processor_name,
)
from bridge.steps.access.package.text import is_setting_given
from config.merchant_file.merchant import Merchant
from config.merchant_file.processors import Processor


def list_public_processors(merchant: Merchant) -> list[dict[str, Any]]:
    """Return the public fields of each processor; `named` says whether its legal name is published.

    `name`, `where` and `protection` are in words, as in the letter of an access package.
    """
    return [_build_public_row(processor) for processor in merchant.processors]


def _build_public_row(processor: Processor) -> dict[str, Any]:
    return {
        "id": processor.id,
        "name": format_processor_name(processor),
        "legal_name": processor.legal_name,
        "named": processor.named and is_setting_given(processor.legal_name),
        "role": processor.role,
        "services": processor.services,
        "data": list(processor.data),
        "fields": list(processor.fields),
        "countries": list(processor.countries),
        "where": describe_countries(processor),
        "safeguard": processor.safeguard,
        "protection": describe_safeguard(processor),
    }
