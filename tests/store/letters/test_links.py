"""A link of a letter works for its purpose, until its day, and once."""

from datetime import timedelta

from bridge.model import LinkPurpose
from tests.factories import NOW


def test_a_link_is_good_for_its_purpose_once_and_until_its_day(store, clock):
    with store.transaction() as tx:
        token = tx.person_links.create_link("req_1", LinkPurpose.DOWNLOAD, expires_at=NOW + timedelta(days=14))
        late = tx.person_links.create_link("req_1", LinkPurpose.DOWNLOAD, expires_at=NOW + timedelta(days=1))
    clock.at = NOW + timedelta(days=1)
    with store.transaction() as tx:
        links = tx.person_links
        assert links.find_linked_request(token, LinkPurpose.TAKE_BACK) is None
        assert links.find_linked_request(late, LinkPurpose.DOWNLOAD) is None
        assert links.find_linked_request(token[:-1], LinkPurpose.DOWNLOAD) is None
        assert links.find_linked_request(token, LinkPurpose.DOWNLOAD) == "req_1"
        assert links.use_link(token, LinkPurpose.DOWNLOAD) == "req_1"
        assert links.use_link(token, LinkPurpose.DOWNLOAD) is None
        assert links.find_linked_request(token, LinkPurpose.DOWNLOAD) is None


def test_links_of_a_request_are_deleted_by_purpose(store):
    with store.transaction() as tx:
        kept = tx.person_links.create_link("req_1", LinkPurpose.TAKE_BACK, expires_at=NOW + timedelta(days=1))
        gone = tx.person_links.create_link("req_1", LinkPurpose.DOWNLOAD, expires_at=NOW + timedelta(days=1))
        tx.person_links.delete_links("req_1", LinkPurpose.DOWNLOAD)
        assert tx.person_links.find_linked_request(gone, LinkPurpose.DOWNLOAD) is None
        assert tx.person_links.find_linked_request(kept, LinkPurpose.TAKE_BACK) == "req_1"
