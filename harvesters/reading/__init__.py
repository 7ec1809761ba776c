"""What formats share: finding out what a file is, and reading text, sheets, geometries, items and messages."""
