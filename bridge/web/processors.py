"""The public list of data processors (section 3 of the privacy policy): who, for what, which data, where."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, render_template_string

from bridge.steps.access.package.sections.public_processors import list_public_processors
from bridge.steps.access.package.text import NOT_PUBLISHED
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
<table><caption>As of {{ as_of }}</caption>
<thead><tr><th scope="col">Company</th><th scope="col">Role</th><th scope="col">For what</th><th scope="col">Data</th>
<th scope="col">Countries</th><th scope="col">What protects the data</th></tr></thead>
<tbody>{% for row in rows %}<tr>
<th scope="row">{{ row.name }}<br><small>{{ row.id }}</small></th>
<td>{{ row.role or unknown }}</td><td>{{ row.services or unknown }}</td>
<td>{{ (row.fields or row.data)|join(", ")|replace("_", " ") or unknown }}</td>
<td>{{ row.where }}</td><td>{{ row.protection }}</td></tr>{% endfor %}</tbody></table>
<p>Certificates of erasure and bundles of evidence are signed with the key whose SHA-256 is <code>{{ fingerprint }}</code>.</p>
</body></html>"""


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
            rows=list_public_processors(merchant),
            as_of=_find_today(merchant),
            unknown=NOT_PUBLISHED,
            fingerprint=signing_key_fingerprint,
        )

    @page.get("/processors.json")
    def json() -> Response:
        return jsonify(
            merchant=merchant.trading_name,
            as_of=_find_today(merchant),
            processors=list_public_processors(merchant),
            signing_key_sha256=signing_key_fingerprint,
        )

    return page


def _find_today(merchant: Merchant) -> str:
    return datetime.now(ZoneInfo(merchant.clocks.timezone)).date().isoformat()
