"""LSTMs whose weights are laid out as TensorFlow's cells: gates in the order i, j, f, o."""

from typing import Any

import torch


def tf_lstm(kernel: Any, bias: Any, forget: float) -> Any:
    """An LSTM of PyTorch (order i, f, g, o) from one kernel ((in + size) x 4 size) and bias.

    `forget` is what the cell adds to its forget gate.
    """
    size = bias.shape[0] // 4
    width = kernel.shape[0] - size
    i, j, f, o = kernel.chunk(4, 1)
    ordered = torch.cat([i, f, j, o], 1)
    bi, bj, bf, bo = bias.chunk(4)
    lstm = torch.nn.LSTM(width, size, batch_first=True)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(ordered[:width].T)
        lstm.weight_hh_l0.copy_(ordered[width:].T)
        lstm.bias_ih_l0.copy_(torch.cat([bi, bf + forget, bj, bo]))
        lstm.bias_hh_l0.zero_()
    return lstm.eval()
