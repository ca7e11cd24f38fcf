"""What the server was sent becomes the environ of PEP 3333, without what could pass for something else."""

from types import SimpleNamespace

import pytest

from bridge.errors import BodyIncomplete
from bridge.web.server.environ import build_environ, parse_content_length


class Headers:
    """Headers as Granian gives them: each line by itself."""

    def __init__(self, *lines):
        self.items = lambda: lines


def build(*lines, **given):
    scope = {
        "method": "POST",
        "path": "/webhooks/a",
        "query_string": "a=1",
        "server": "10.0.0.1:8000",
        "scheme": "http",
    }
    return build_environ(
        SimpleNamespace(**scope | {"http_version": "1.1", "client": "10.0.0.9:4", "headers": Headers(*lines)} | given)
    )


def test_method_path_query_and_both_ends_are_those_of_the_request():
    environ = build(("content-type", "application/json"), ("x-shopify-topic", "orders/create"))
    assert environ["REQUEST_METHOD"] == "POST"
    assert (environ["PATH_INFO"], environ["QUERY_STRING"], environ["SCRIPT_NAME"]) == ("/webhooks/a", "a=1", "")
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"], environ["wsgi.url_scheme"]) == ("10.0.0.9", "8000", "http")
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["HTTP_X_SHOPIFY_TOPIC"] == "orders/create"


def test_a_name_with_an_underscore_passes_for_no_other_header():
    environ = build(
        ("x_shopify_topic", "customers/redact"), ("x-shopify-topic", "orders/create"), ("x_forwarded_for", "1")
    )
    assert environ["HTTP_X_SHOPIFY_TOPIC"] == "orders/create"
    assert "HTTP_X_FORWARDED_FOR" not in environ


@pytest.mark.parametrize("name", ["script-name", "path-info", "wsgi.input", "bridge.fault", "remote-addr"])
def test_no_header_replaces_what_the_server_says(name):
    assert {key: value for key, value in build((name, "/canary")).items() if not key.startswith("HTTP_")} == build()


def test_a_header_that_is_sent_twice_keeps_both():
    environ = build(("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"))
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"


def test_a_path_that_is_not_ascii_is_given_as_its_bytes():
    assert build(path="/webhooks/é")["PATH_INFO"].encode("latin-1").decode() == "/webhooks/é"


@pytest.mark.parametrize(
    ("lines", "length"), [((), 0), ((("content-length", "12"),), 12), ((("transfer-encoding", "chunked"),), None)]
)
def test_the_announced_length(lines, length):
    assert parse_content_length(build(*lines)) == length


@pytest.mark.parametrize("given", ["-1", "+1", "1,1", "", "١٢", "0x10", " 5"])
def test_a_length_that_is_none_is_refused(given):
    with pytest.raises(BodyIncomplete):
        parse_content_length(build(("content-length", given)))


def test_a_length_beside_chunks_is_refused():
    with pytest.raises(BodyIncomplete):
        parse_content_length(build(("content-length", "5"), ("transfer-encoding", "chunked")))
