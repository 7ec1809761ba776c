"""The row index of a snapshot: built once, and looked up in."""
