"""Workers that paint, divide and read pictures."""
