"""Workbooks: their sheets, and the tables on them."""
