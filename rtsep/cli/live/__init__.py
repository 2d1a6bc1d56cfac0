"""`rtsep --input mic`: a live session."""
