"""A library of files to stems: each file is an item that is whole or not there, and none of them
ends the run."""
