"""Windows around payments: short, few, and none lost."""

from bridge.connectors.shopify.gathering import date_windows

NOON = "2026-05-01T12:00:00Z"


def test_a_payment_is_searched_in_its_own_minutes():
    assert date_windows.add_to_windows((), [NOON]) == (("2026-05-01T11:58:00Z", "2026-05-01T12:02:00Z"),)


def test_touching_windows_are_merged_in_any_order():
    first = date_windows.add_to_windows((), ["2026-05-01T12:03:00Z", NOON, "2026-05-02T12:00:00Z"])
    assert first == (("2026-05-01T11:58:00Z", "2026-05-01T12:05:00Z"), ("2026-05-02T11:58:00Z", "2026-05-02T12:02:00Z"))
    assert date_windows.add_to_windows(first, [NOON]) == first


def test_a_time_in_another_zone_is_the_same_time():
    assert date_windows.add_to_windows((), ["2026-05-01T17:30:00+05:30"]) == date_windows.add_to_windows((), [NOON])


def test_an_unreadable_time_is_ignored():
    assert date_windows.add_to_windows((), ["", "soon", "2026-05-01T12:00:00", None]) == ()


def test_too_many_windows_are_merged_the_nearest_first_and_none_is_lost():
    moments = [f"2026-{month:02}-{day:02}T12:00:00Z" for month in range(1, 11) for day in (1, 2, 20)]
    spans = date_windows.add_to_windows((), moments)
    assert len(spans) == date_windows.MAX_WINDOWS
    assert all(any(start <= at <= end for start, end in spans) for at in moments)
    assert ("2026-01-19T", "2026-01-20T") not in [(start[:11], end[:11]) for start, end in spans]
    assert spans[0] == ("2026-01-01T11:58:00Z", "2026-01-02T12:02:00Z")


def test_windows_are_written_in_shopifys_search_syntax():
    spans = (("a", "b"), ("c", "d"))
    assert date_windows.build_payments_query(spans) == (
        "(processed_at:>='a' AND processed_at:<='b') OR (processed_at:>='c' AND processed_at:<='d')"
    )
