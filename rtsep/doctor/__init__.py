"""Whether this machine is ready for live use, and what to change. Looks only: fetches nothing,
changes nothing, and asks what may hang or crash in processes of its own."""
