"""Small programs that scanners start, each with limits of its own."""
