"""The server: the actions over HTTP, in the protocols that programs already speak."""
