"""Alerts: what a monitoring tool said, identified, merged, and handed on to incidents."""
