"""`rtsep map` and `rtsep profile`: maps, profiles, closed loops."""
