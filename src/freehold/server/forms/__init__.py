"""JSON as clients know it from and to our requests and results: pure functions, no HTTP."""
