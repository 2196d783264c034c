"""Sets that are made, not collected: their makers share no code with what they measure."""
