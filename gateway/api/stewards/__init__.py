"""What stewards do and see: trials, uploads, deeds, the health of feeds."""
