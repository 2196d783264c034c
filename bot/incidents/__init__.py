"""Incidents: one problem, its alerts, its state and its timeline."""
