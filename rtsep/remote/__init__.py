"""The remote page: the desk in the browser of a phone or a tablet. Needs the extra `remote`."""
