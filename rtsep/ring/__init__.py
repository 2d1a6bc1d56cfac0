"""Audio and figures in memory that several processes share, without locks."""
