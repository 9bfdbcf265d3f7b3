"""What the engine `transformers` does with models of language, one module for each task."""
