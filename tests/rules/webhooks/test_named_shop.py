"""An order's link to its status page says whose it is."""

from __future__ import annotations

import pytest

from bridge.rules.webhooks.named_shop import read_named_shop


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://one.myshopify.com/548380009/orders/b19/authenticate?key=x", ("one.myshopify.com", "548380009")),
        ("https://ONE.myshopify.com/1/orders/b19", ("one.myshopify.com", "1")),
        ("https://jewels.example/548380009/orders/b19/authenticate?key=x", ("", "548380009")),
        ("https://jewels.example/account/orders/b19", ("", "")),
        ("https://one.myshopify.com.evil.example/7/orders/b", ("", "7")),
        ("http://one.myshopify.com/7/orders/b", ("", "")),
        ("https://one.myshopify.com/" + "9" * 50 + "/orders/b", ("", "")),
        ("", ("", "")),
        (None, ("", "")),
        (["https://one.myshopify.com/7/orders/b"], ("", "")),
    ],
)
def test_domain_and_number_are_read_from_the_link(url, named):
    assert read_named_shop({"order_status_url": url}) == named


def test_a_body_without_the_link_names_no_shop():
    assert read_named_shop({}) == ("", "")
