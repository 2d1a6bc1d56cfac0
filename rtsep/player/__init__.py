"""Files as the input of a live session: songs one after the other, under a transport."""
