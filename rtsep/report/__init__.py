"""What was measured, as files and pictures. Knows nothing of how it was measured."""
