"""How an engine's process is started, confined, watched, asked and ended."""
