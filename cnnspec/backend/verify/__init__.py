"""Hold the analysis of a net to account by running it."""

from cnnspec.backend.verify.scaling import smaller_inputs
from cnnspec.backend.verify.verification import Effort, verify

__all__ = ["Effort", "smaller_inputs", "verify"]
