"""The row index and the scan: two ways to one answer, in the same SQL."""
