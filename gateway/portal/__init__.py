"""Pages for people, in Korean and English: find data, look at it, get a key."""

# The pages hang their routes on the blueprint.
from gateway.portal import crawlers, dataset, developers, pages, search, steward, trials  # noqa: F401
from gateway.portal.blueprint import portal

__all__ = ["portal"]
