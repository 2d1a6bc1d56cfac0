"""`rtsep --input FILE` and `rtsep separate`: files."""
