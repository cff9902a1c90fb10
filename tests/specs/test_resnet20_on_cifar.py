"""A net trained elsewhere gives the same answers here: ResNet-20 on a thousand real CIFAR-10 pictures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from cnnspec import api

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CNNSPEC_SHARED", ROOT.parent / "shared")) / "data" / "cifar10"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the trained weights are not at {DATA}")
def test_the_logits_are_those_of_pytorch() -> None:
    net = api.compile(api.load(ROOT / "specs" / "resnet20_cifar.cnn").net(), batch=100, training=False)
    trained = np.load(DATA / "resnet20_cifar10_weights.npz")
    for ours, theirs in zip(net.state, trained.files, strict=True):
        assert ours.rpartition(".")[2] == theirs.rpartition(".")[2]
        net.state[ours][...] = trained[theirs]
    test = np.load(DATA / "cifar10_test_first1000.npz")
    pictures = ((test["images_u8_nhwc"] / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)
    logits = np.concatenate([net.forward(part) for part in np.split(pictures, 10)])
    np.testing.assert_allclose(logits, test["logits_resnet20"], atol=1e-4)
    assert np.array_equal(logits.argmax(axis=1), test["logits_resnet20"].argmax(axis=1))
