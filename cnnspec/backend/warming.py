"""Getting everything compiled that a net will run, before there is anything to run it on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.executable import Executable
from cnnspec.backend.training.optimisers import Sgd, Updates
from cnnspec.diagnostics import DiagnosticError


def warm_up(executable: Executable) -> None:
    """Run the net on zeros, at inference and, where it is planned for it, in training, without learning.

    What runs is what is compiled: the plain kernels, the loss and the update of the weights included.
    Running statistics change.
    """
    plan = executable.plan
    inputs = {port.name: np.zeros((plan.batch, *port.shape), plan.dtype) for port in plan.inputs}
    with executable.lock, np.errstate(all="ignore"):
        executable.forward(inputs, training=False)
        if plan.training:
            executable.forward(inputs, training=True)
            _go_back(executable)
            _stand_still(executable)


def _go_back(executable: Executable) -> None:
    """From the loss; where no labels would fit all outputs, from zeros."""
    first = executable.plan.outputs[0]
    labels: NDArray[Any] = np.zeros((executable.plan.batch, *first.shape[1:]), np.int64)
    try:
        executable.loss(labels)
    except DiagnosticError:
        zeros = {name: np.zeros_like(output) for name, output in executable.outputs.items()}
        executable.backward(zeros)
    else:
        executable.backward()


def _stand_still(executable: Executable) -> None:
    """An update of the weights by nothing."""
    storage = executable.storage
    storage.gradients.fill(0)
    with storage.writing():
        Updates(Sgd(), storage.trained, storage.gradients, executable.threads).apply(0.0)
