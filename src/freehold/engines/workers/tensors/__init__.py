"""Workers that pass arrays through model files."""
