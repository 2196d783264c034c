"""Storms: many alerts at once are one message that is edited."""
