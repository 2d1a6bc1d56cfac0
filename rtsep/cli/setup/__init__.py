"""`rtsep tune` and `rtsep compile`: the machine made ready."""
