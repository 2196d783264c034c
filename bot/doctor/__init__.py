"""`recall doctor`: checks of everything Recall stands on, each with what to do about it."""
