"""The public list of data processors (section 3 of the privacy policy): who, for what, which data, where."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template_string

from config.merchant_file.merchant import Merchant

PROCESSORS_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Who processes your data for {{ name }}</title>
<style>
 body{font:17px/1.55 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem;color:#1c2430}
 table{border-collapse:collapse;width:100%} caption{text-align:left;color:#566}
 th,td{text-align:left;vertical-align:top;padding:.6rem .8rem .6rem 0;border-bottom:1px solid #d8dee6}
</style></head><body>
<h1>Who processes your data for {{ name }}</h1>
<table><caption>As of {{ as_of or "the day of this page" }}</caption>
<thead><tr><th scope="col">Company</th><th scope="col">For what</th><th scope="col">Data</th><th scope="col">Countries</th></tr></thead>
<tbody>{% for row in rows %}<tr>
<th scope="row">{{ row.legal_name or "Not yet named" }}<br><small>{{ row.id }}</small></th>
<td>{{ row.services }}</td><td>{{ (row.fields or row.data)|join(", ")|replace("_", " ") }}</td>
<td>{{ row.countries|join(", ") }}</td></tr>{% endfor %}</tbody></table>
<p>Certificates of erasure and bundles of evidence are signed with the key whose SHA-256 is <code>{{ fingerprint }}</code>.</p>
</body></html>"""


def list_processors(merchant: Merchant) -> list[dict[str, Any]]:
    """Return the public fields of each processor."""
    return [
        {
            "id": processor.id,
            "legal_name": processor.legal_name,
            "named": processor.named,
            "role": processor.role,
            "services": processor.services,
            "data": list(processor.data),
            "fields": list(processor.fields),
            "countries": list(processor.countries),
            "safeguard": processor.safeguard,
        }
        for processor in merchant.processors
    ]


def create_processors_blueprint(merchant: Merchant, *, signing_key_fingerprint: str) -> Blueprint:
    """Return the routes `GET /processors` and `/processors.json`.

    Both show the fingerprint (SHA-256, hex) of the key that signs certificates and bundles of evidence.
    """
    page = Blueprint("processors", __name__)

    @page.get("/processors")
    def html() -> str:
        return render_template_string(
            PROCESSORS_TEMPLATE,
            name=merchant.trading_name,
            rows=list_processors(merchant),
            as_of=merchant.policy_last_updated,
            fingerprint=signing_key_fingerprint,
        )

    @page.get("/processors.json")
    def json() -> Response:
        return jsonify(
            merchant=merchant.trading_name,
            as_of=merchant.policy_last_updated,
            processors=list_processors(merchant),
            signing_key_sha256=signing_key_fingerprint,
        )

    return page
