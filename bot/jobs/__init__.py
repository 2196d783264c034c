"""Durable work: the inbox of raw deliveries, the job queue, and scheduled ticks."""
