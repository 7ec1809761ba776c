"""What formats share: what a file is, and how text, sheets, geometries, items and messages are read."""
