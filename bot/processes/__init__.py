"""`recall serve` as a small family of processes: supervisor, front, engine."""
