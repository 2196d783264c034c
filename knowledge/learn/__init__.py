"""Learning from history: pairs of a question and its answer become an adapter of the model."""
