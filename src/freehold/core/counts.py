"""Counts as people say them."""


def spoken(size: int) -> str:
    """A count as people say it: 8.03B, 568M."""
    for unit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if size >= unit:
            return f"{size / unit:.3g}{letter}"
    return str(size)
