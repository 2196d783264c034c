"""What happens at a time of day or week: handovers, digests, reminders, expiry."""
