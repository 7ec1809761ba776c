"""Text that commas or tabs part: its encoding, its layout, its rows."""
