"""A training as plain records, as `docs/schema/train.schema.json` describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from cnnspec import __version__
from cnnspec.backend.training.loop import Trained
from cnnspec.backend.training.progress import EpochDone
from cnnspec.diagnostics.styled import Line
from cnnspec.report.document import document, finite
from cnnspec.report.records import Record


def training_json(net: str, data: str, trained: Trained, saved_to: str) -> Iterator[Line]:
    """The document, indented."""
    return document(
        "train",
        {
            "cnnspec": __version__,
            "net": net,
            "data": data,
            "weights": saved_to,
            "normalisation": asdict(trained.preparation),
            "epochs": [_epoch(done) for done in trained.epochs],
        },
    )


def _epoch(done: EpochDone) -> Record:
    return {
        "epoch": done.epoch,
        "loss": done.loss,
        "accuracy": done.accuracy,
        "test_loss": finite(done.test_loss),
        "test_accuracy": done.test_accuracy,
        "seconds": done.seconds,
        "images_per_second": done.images_per_second,
    }
