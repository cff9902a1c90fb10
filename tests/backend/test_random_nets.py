"""Random nets in one, two and three dimensions against PyTorch: outputs and every gradient.

CNNSPEC_FUZZ sets how many (24 without it).
"""

from __future__ import annotations

import os

import pytest
from backend.nets import graph

pytest.importorskip("torch")
from backend.agreement import assert_agrees_with_torch, without_dropout
from random_nets import random_net

NETS = min(int(os.environ.get("CNNSPEC_FUZZ", "24")), 5000)


@pytest.mark.parametrize("seed", range(NETS))
def test_outputs_and_gradients_are_those_of_pytorch(seed: int) -> None:
    net = without_dropout(graph(random_net(seed, steps=10, largest=14).text))
    assert_agrees_with_torch(net, training=seed % 2 == 0)
