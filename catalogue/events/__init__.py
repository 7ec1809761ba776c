"""What happens to datasets, in one durable order: read again, waited for, and sent to those who subscribe."""
