"""The canary: a synthetic alert on a schedule that measures the way from alert to card."""
