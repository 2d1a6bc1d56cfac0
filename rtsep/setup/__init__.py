"""A model made ready on this machine: loaded, its steps compiled, tuned settings remembered."""
