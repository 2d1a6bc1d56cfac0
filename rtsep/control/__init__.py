"""What moves the faders from outside the audio: controllers, networks, people at a screen."""
