"""Measuring retrieval: corpora with known answers, figures, the fit of the confidence."""
