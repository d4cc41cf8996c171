"""The EM algorithm: one loop, its steps, when it stops, what it tells."""
