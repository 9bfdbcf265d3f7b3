"""Says how the series of a table go on.

python examples/forecast.py MODEL sales.csv [STEPS]
"""

import sys
from pathlib import Path

import freehold


def main(model: str, table: str, steps: int | None = None) -> dict[str, tuple[float, ...]]:
    """Print the next values of each column, with their dates; give them back by column."""
    found = freehold.run(model, Path(table), task="time-series-forecasting", horizon=steps).result
    ahead = {series.name: series.values for series in found.series}
    print("\t".join(["", *ahead]))
    for at, values in enumerate(zip(*ahead.values(), strict=True)):
        when = found.times[at] if found.times else f"+{at + 1}"
        print("\t".join([when, *(f"{value:.4g}" for value in values)]))
    return ahead


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:4]))
