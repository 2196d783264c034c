"""The Slack side: listeners that only write the inbox, use cases, and how messages are drawn."""
