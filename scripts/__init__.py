"""Scripts that write pages and data of this repository."""
