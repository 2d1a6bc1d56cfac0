"""Settings that stay: the file they are in, which of them win, `rtsep config`."""
