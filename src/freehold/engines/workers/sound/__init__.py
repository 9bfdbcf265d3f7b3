"""Workers that hear and make sound, in the runtime of the transformers engine."""
