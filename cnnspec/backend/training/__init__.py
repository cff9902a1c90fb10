"""Training a net on labelled samples."""

from cnnspec.backend.training.loop import StoppedError, Trained, train
from cnnspec.backend.training.measuring import Tally, evaluate
from cnnspec.backend.training.optimisers import Adam, Optimiser, Sgd
from cnnspec.backend.training.progress import BatchDone, EpochDone, Progress
from cnnspec.backend.training.recipe import Recipe
from cnnspec.backend.training.schedules import Constant, Cosine, Schedule, Step

__all__ = [
    "Adam",
    "BatchDone",
    "Constant",
    "Cosine",
    "EpochDone",
    "Optimiser",
    "Progress",
    "Recipe",
    "Schedule",
    "Sgd",
    "Step",
    "StoppedError",
    "Tally",
    "Trained",
    "evaluate",
    "train",
]
