"""What a profiled session has noted, as figures, a table, a page, a trace, and a comparison."""
