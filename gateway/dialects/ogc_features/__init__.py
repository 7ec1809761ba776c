"""OGC API Features: the city's datasets as collections of features, for GIS programs."""

# The resources hang their routes on the blueprint.
from gateway.dialects.ogc_features import api, collections, features, landing, tiles  # noqa: F401
from gateway.dialects.ogc_features.blueprint import ogc_features

__all__ = ["ogc_features"]
