"""Audio that is not live: files to read and to write, and the song that rtsep brings along."""
