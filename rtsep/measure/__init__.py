"""What is measured on this machine: tuning, maps, profiles, and closed loops (`roundtrip`)."""
