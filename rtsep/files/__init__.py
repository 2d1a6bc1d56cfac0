"""A file as a session: through the stream or offline; and what the words for places mean."""
