"""Two nets on the whole of their data, held to what they must reach.

    python benchmarks/real_data.py --mnist FOLDER --cifar FOLDER

- LeNet-5 is trained on the 60,000 digits of MNIST; at least 98.5 % of the 10,000 test digits must be right.
- ResNet-20 with published weights classifies images of CIFAR-10; its outputs must be those that PyTorch gave
  for the same weights, up to single precision. The folder holds `resnet20_cifar10_weights.npz` and
  `cifar10_test_first1000.npz`.

Exit code 1 where one is not reached.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import cnnspec
from cnnspec.backend.classify import run_all
from cnnspec.backend.datasets import open_dataset, read_npz
from cnnspec.backend.executable import Executable
from cnnspec.backend.preparation import Preparation
from cnnspec.backend.training import EpochDone, Progress, Recipe, train

SPECS = Path(__file__).parents[1] / "specs"
IMAGENET = Preparation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""The normalisation with which the published ResNet-20 was trained."""


def compiled(name: str, *, batch: int, training: bool) -> Executable:
    """A net of the zoo, ready to run."""
    return cnnspec.compile(cnnspec.load(SPECS / f"{name}.cnn").net(), batch=batch, training=training)


def show(progress: Progress) -> None:
    """One line an epoch."""
    if isinstance(progress, EpochDone) and progress.test_accuracy is not None:
        print(f"  epoch {progress.epoch}: {progress.test_accuracy:.2%}, {progress.seconds:.0f} s", flush=True)


def mnist(folder: str, epochs: int = 5) -> bool:
    """LeNet-5 from the first weights to 98.5 %."""
    print("LeNet-5 on MNIST")
    net = compiled("lenet5", batch=64, training=True)
    done = train(net, open_dataset(f"mnist:{folder}"), Recipe(epochs), watch=show)
    accuracy = done.epochs[-1].test_accuracy or 0.0
    print(f"  {accuracy:.2%} of the test digits (at least 98.5 %)")
    return accuracy >= 0.985


def cifar(folder: str) -> bool:
    """The published ResNet-20, its weights given to ours in their order."""
    print("ResNet-20 on CIFAR-10")
    net = compiled("resnet20_cifar", batch=100, training=False)
    published = read_npz(Path(folder) / "resnet20_cifar10_weights.npz")
    with net.writing() as weights:
        for target, values in zip(weights.values(), published.values(), strict=True):
            target[...] = values
    images = Path(folder) / "cifar10_test_first1000.npz"
    samples = open_dataset(f"npz:{images}").test_part()
    outputs = run_all(net, samples.images, IMAGENET)["output"]
    expected = read_npz(images)["logits_resnet20"]
    error = float(np.abs(outputs - expected).max() / np.abs(expected).max())
    accuracy = float((outputs.argmax(axis=1) == samples.labels).mean())
    print(f"  {accuracy:.2%} of the test images; largest error against PyTorch {error:.1e} (at most 1e-5)")
    return error <= 1e-5


def main() -> int:
    """Run what there is data for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", metavar="FOLDER")
    parser.add_argument("--cifar", metavar="FOLDER")
    options = parser.parse_args()
    reached = []
    if options.cifar:
        reached.append(cifar(options.cifar))
    if options.mnist:
        reached.append(mnist(options.mnist))
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
