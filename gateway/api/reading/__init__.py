"""Rows as they leave: pages, figures, files, changes and events."""
