"""The beats of the story, a file for those that belong together. Each takes the night as it is
so far, has one thing happen, and gives what was seen of it."""
