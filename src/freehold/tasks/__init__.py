"""What models can be asked for, one file each: request, result and flags as data."""
