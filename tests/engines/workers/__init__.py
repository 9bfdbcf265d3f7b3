"""What workers do without any library."""
