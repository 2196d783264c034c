"""The web front: webhooks, questions, the read API, health and metrics."""
