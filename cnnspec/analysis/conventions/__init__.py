"""What six other tools count for the same net."""

from cnnspec.analysis.conventions import calflops, fvcore, onnx_tool, ptflops, thop, torchinfo
from cnnspec.analysis.conventions.model import Comparison, Convention, Line, Unit, compare

CONVENTIONS: dict[str, Convention] = {
    module.CONVENTION.tool: module.CONVENTION
    for module in (fvcore, ptflops, thop, torchinfo, calflops, onnx_tool)
}
"""By the name of the tool."""

__all__ = ["CONVENTIONS", "Comparison", "Convention", "Line", "Unit", "compare"]
