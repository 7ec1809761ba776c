"""Pages for people, in Korean and English: find data, look at it, get a key."""

from gateway.portal import developers, pages  # noqa: F401  (they hang their routes on the blueprint)
from gateway.portal.blueprint import portal

__all__ = ["portal"]
