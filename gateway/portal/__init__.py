"""Pages for people, in Korean and English: find data, look at it, get a key."""

# The pages hang their routes on the blueprint.
from gateway.portal import crawlers, dataset, developers, pages, search  # noqa: F401
from gateway.portal.blueprint import portal

__all__ = ["portal"]
