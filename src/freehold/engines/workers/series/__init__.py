"""Workers that say how series of numbers go on, in the runtime of the transformers engine."""
