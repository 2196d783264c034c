"""Recall's acting half: alerts in, incidents kept, cited suggestions out, in Slack."""

__version__ = "0.1.0"
