"""What several commands share: options, progress, signals, figures."""
