"""Robust least squares with expectations, for a handful of unknowns, without a library.

The most probable unknowns are found by Gauss-Newton steps. An observation far from its
prediction counts less, as if errors followed Student's t with four degrees of freedom
(Lange, Little and Taylor, Journal of the American Statistical Association 84, 1989).
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

Matrix = list[list[float]]
Row = dict[int, float]
"""How an observation's prediction changes with each unknown; what is not named is zero."""
Predict = Callable[[Sequence[float]], Iterable[tuple[float, Row]]]
"""From unknowns to what is left to explain of each observation, and its row."""

FREEDOM = 4.0
ROUNDS = 25
ENOUGH = 1e-5
"""A round that moves no unknown by more is the last."""
STEP = 1.0
"""The furthest that an unknown moves in one round."""


class Solution(Struct, frozen=True):
    """The unknowns found and their covariance."""

    unknowns: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


def solve(
    expected: Sequence[float],
    precision: Sequence[Sequence[float]],
    predict: Predict,
    noise: float,
    start: Sequence[float] | None = None,
) -> Solution:
    """Unknowns near what is expected (precision is its inverse covariance) that explain best.

    `noise` is the standard deviation of one observation; the search begins at `start`.
    """
    unknowns = list(start or expected)
    for _ in range(ROUNDS):
        normal, slope = _normal(unknowns, expected, precision, predict, noise)
        step = [row[0] for row in divide(normal, [[value] for value in slope])]
        unknowns = [u + max(-STEP, min(STEP, s)) for u, s in zip(unknowns, step, strict=True)]
        if max(map(abs, step)) < ENOUGH:
            break
    normal, _ = _normal(unknowns, expected, precision, predict, noise)
    inverse = divide(normal, identity(len(unknowns)))
    return Solution(tuple(unknowns), tuple(map(tuple, inverse)))


def _normal(
    unknowns: Sequence[float],
    expected: Sequence[float],
    precision: Sequence[Sequence[float]],
    predict: Predict,
    noise: float,
) -> tuple[Matrix, list[float]]:
    """The normal equations of one step: what is left, weighed, and what was expected."""
    away = [e - u for e, u in zip(expected, unknowns, strict=True)]
    normal = [list(row) for row in precision]
    slope = [sum(cell * a for cell, a in zip(row, away, strict=True)) for row in precision]
    for left, row in predict(unknowns):
        trust = (FREEDOM + 1) / (FREEDOM + (left / noise) ** 2) / noise**2
        for i, a in row.items():
            slope[i] += trust * a * left
            for j, b in row.items():
                normal[i][j] += trust * a * b
    return normal, slope


def identity(size: int) -> Matrix:
    """The matrix that changes nothing."""
    return [[float(i == j) for j in range(size)] for i in range(size)]


def divide(matrix: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Matrix:
    """What the matrix must be multiplied with to give the right side (Gauss, with pivots)."""
    size = len(matrix)
    rows = [[*left, *wanted] for left, wanted in zip(matrix, right, strict=True)]
    for column in range(size):
        best = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[best] = rows[best], rows[column]
        pivot = rows[column]
        for row in range(size):
            if row != column and rows[row][column]:
                factor = rows[row][column] / pivot[column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], pivot, strict=True)]
    return [[cell / rows[i][i] for cell in rows[i][size:]] for i in range(size)]
