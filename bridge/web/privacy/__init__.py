"""The pages for data subjects: the public page, the code that proves an address, and the links of letters. Without JavaScript."""

from bridge.web.privacy.links import create_person_links_blueprint
from bridge.web.privacy.page import create_privacy_blueprint

__all__ = ["create_person_links_blueprint", "create_privacy_blueprint"]
