"""What a file is, and what an archive holds."""
