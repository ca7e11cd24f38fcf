"""A list of values in one parameter finds the same rows as the values one by one."""

import pytest
from sqlalchemy import insert, select

from bridge.store.schema.index_tables import merges
from bridge.store.value_lists import bind_values, match_shop_values, match_values
from tests.factories import NOW, OTHER_SHOP, SHOP

KEYS = ("plain", "with 'quotes' and \"more\"", "back\\slash", "{curly,braces}", "\u0906\u0936\u093e", "NULL")


@pytest.mark.parametrize("wanted", [(), KEYS[:1], KEYS[1:4], KEYS, (*KEYS, *map(str, range(300)))], ids=len)
def test_the_rows_of_a_shop_are_found_by_any_text(store, wanted):
    rows = [
        {"shop": shop, "deleted_key": key, "kept_key": "k", "merged_at": NOW}
        for shop in (SHOP, OTHER_SHOP)
        for key in KEYS
    ]
    with store.engine.begin() as connection:
        connection.execute(insert(merges), rows)
        dialect, column = connection.dialect.name, merges.c.deleted_key
        given = {"at": SHOP, "those": bind_values(connection, wanted)}
        of_shop = connection.scalars(select(column).where(match_shop_values(dialect, merges, "deleted_key")), given)
        assert sorted(of_shop) == sorted({*wanted} & {*KEYS})
        of_all = connection.scalars(select(column).where(match_values(dialect, column)), {"those": given["those"]})
        assert sorted(of_all) == sorted(2 * [*({*wanted} & {*KEYS})])
