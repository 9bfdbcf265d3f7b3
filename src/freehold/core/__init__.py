"""The shared words: errors, paths, the machine probe. Knows nothing above itself."""
