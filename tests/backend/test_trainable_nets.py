"""Random trainable nets by the fast backend against PyTorch; `campaign.py` runs thousands of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
from backend import campaign
from backend.nets import graph
from backend.trainable_nets import trainable_net

from cnnspec.layers import LAYERS

NETS = 48
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_training_step_is_that_of_pytorch(part: int) -> None:
    verdicts = [campaign.run(seed) for seed in range(part, NETS, PARTS)]
    assert {verdict.seed: verdict.wrong for verdict in verdicts if verdict.wrong} == {}


def test_the_nets_have_every_layer() -> None:
    words = {node.word for seed in range(600) for node in graph(trainable_net(seed).text)}
    assert words > set(LAYERS)
