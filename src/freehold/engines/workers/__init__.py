"""Small programs of ours that run inside an engine's own environment; each is one script."""
