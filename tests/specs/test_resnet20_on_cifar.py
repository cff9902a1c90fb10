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


pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the trained weights are not at {DATA}")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    images = np.load(DATA / "cifar10_test_first1000.npz")["images_u8_nhwc"]
    return ((images / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)


@pytest.fixture(scope="module")
def logits(pictures: np.ndarray) -> np.ndarray:
    """What our net makes of the pictures, with the weights that PyTorch trained."""
    net = api.compile(api.load(ROOT / "specs" / "resnet20_cifar.cnn").net(), batch=100, training=False)
    trained = np.load(DATA / "resnet20_cifar10_weights.npz")
    with net.writing() as weights:
        for ours, theirs in zip(weights, trained.files, strict=True):
            assert ours.rpartition(".")[2] == theirs.rpartition(".")[2]
            weights[ours][...] = trained[theirs]
    return np.concatenate([net.forward(part) for part in np.split(pictures, 10)])


def test_the_logits_are_those_of_pytorch(logits: np.ndarray) -> None:
    theirs = np.load(DATA / "cifar10_test_first1000.npz")["logits_resnet20"]
    np.testing.assert_allclose(logits, theirs, atol=1e-4)
    assert np.array_equal(logits.argmax(axis=1), theirs.argmax(axis=1))


def test_the_logits_are_those_of_onnx_runtime(logits: np.ndarray, pictures: np.ndarray) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(DATA / "resnet20_cifar10.onnx", providers=["CPUExecutionProvider"])
    for picture, ours in zip(pictures[:50], logits[:50], strict=True):
        (theirs,) = session.run(None, {"input": picture[np.newaxis]})
        np.testing.assert_allclose(ours, theirs[0], atol=1e-4)
