"""Text understood: pages into passages, volatile tokens masked."""
