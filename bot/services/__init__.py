"""The service catalogue: which services and environments there are, and how labels name them."""
