"""A live session: three processes over shared memory. `LiveSession` is what the outside sees."""
