"""What is asked of rows, checked before any engine answers it."""
