"""What stewards do to what is published, and what is kept for them: each deed is written down."""
