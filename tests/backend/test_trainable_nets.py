"""Random trainable nets by the fast backend against PyTorch; `campaign.py` runs thousands of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
from backend import campaign
from backend.nets import graph
from backend.trainable_nets import FAMILY, trainable_net

from cnnspec.layers import LAYERS

FAMILIES, NETS = 8, 5
"""So many families, and so many nets of each."""


@pytest.mark.parametrize("family", range(FAMILIES))
def test_a_training_step_is_that_of_pytorch(family: int) -> None:
    first = family * FAMILY
    verdicts = [campaign.run(seed) for seed in range(first, first + NETS)]
    assert {verdict.seed: verdict.wrong for verdict in verdicts if verdict.wrong} == {}


def test_the_nets_have_every_layer() -> None:
    words = {node.word for seed in range(0, 5000, 12) for node in graph(trainable_net(seed).text)}
    assert words > set(LAYERS)
