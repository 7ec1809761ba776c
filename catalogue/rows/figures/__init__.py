"""Figures of rows: groups, spans of time, facets."""
