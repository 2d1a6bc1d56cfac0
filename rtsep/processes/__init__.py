"""Child processes: how they begin, what they say of their end. Knows nothing of what they do."""
