"""SODA 2.1, the language of Socrata portals: `/resource/ID.json` with SoQL, for the clients of those."""

# The resources hang their routes on the blueprint.
from gateway.dialects.soda import discovery, resource, views  # noqa: F401
from gateway.dialects.soda.blueprint import soda

__all__ = ["soda"]
