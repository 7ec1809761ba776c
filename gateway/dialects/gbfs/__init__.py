"""Stations of shared vehicles as GBFS, 3.0 and 2.3: `/gbfs/ID/gbfs.json`, ID being that of their readings."""

from gateway.dialects.gbfs.documents import gbfs

__all__ = ["gbfs"]
