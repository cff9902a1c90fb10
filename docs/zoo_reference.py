"""Write `zoo.md`: every net of `specs/` with its source and its numbers, by families."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cnnspec import api
from cnnspec.analysis import Analysis, LayerFacts
from cnnspec.dims.units import in_bytes
from cnnspec.layers.pooling import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from cnnspec.layers.shaping import Flatten
from cnnspec.layers.spatial import shape_text
from cnnspec.report.quantities import exact
from cnnspec.report.rows import field_text
from cnnspec.report.totals import inference_peak

HERE = Path(__file__).parent
PAGE = HERE / "zoo.md"
SPECS = HERE.parent / "specs"

FAMILIES: dict[str, tuple[str, ...]] = {
    "LeNet": ("lenet5", "lectures/lenet5_1998", "lectures/lenet5_no_bias"),
    "AlexNet and what followed": ("alexnet_paper", "alexnet", "alexnet_lecture", "zfnet", "nin"),
    "VGG": ("vgg11", "vgg13", "vgg16", "vgg16_bn", "vgg19"),
    "Inception": (
        "googlenet_paper",
        "googlenet",
        "googlenet_noaux",
        "inception_v3",
        "inception_v3_noaux",
    ),
    "Residual nets and their relatives": (
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "resnet20_cifar",
        "wide_resnet50_2",
        "resnext50_32x4d",
        "densenet121",
        "convnext_tiny",
    ),
    "Small nets": (
        "squeezenet1_0",
        "squeezenet1_1",
        "mobilenet_v1",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "mnasnet1_0",
        "efficientnet_b0",
    ),
    "Maps as outputs: detection, segmentation, super-resolution": (
        "yolo_v2",
        "unet_paper",
        "unet",
        "unet3d",
        "espcn",
    ),
    "Sound and video": ("ds_cnn", "m5", "wavenet", "c3d"),
    "Filters picked by hand": (
        "filters/sobel_right",
        "filters/sobel_left",
        "filters/sobel_bottom",
        "filters/sobel_top",
        "filters/prewitt",
        "filters/scharr",
        "filters/average",
        "filters/sharpen",
        "filters/hog",
    ),
}
"""The files of `specs/` in the order in which they are read best."""

HEADS = GlobalAvgPool | GlobalMaxPool | AdaptiveAvgPool | AdaptiveMaxPool | Flatten
"""Layers that look at the whole of what a trunk made."""

INTRODUCTION = """# The zoo

The published nets in `specs/`, each in the lines that its table takes in the paper; `lines` counts those that
are not empty. Shapes are at the sizes that the spec gives its symbols. MACs and memory are of one sample at
inference, parameters and buffers of all of the net, auxiliary heads included. The receptive field is that of
the output, or, where that is a vector, of the last map before; `all` where squeeze-and-excitation lets every
unit see everything. The peak is what the activations of an inference take at once, in float32.

Nets that torchvision has are held against its counts, layer by layer; the others against the numbers of their
papers and releases, or against definitions of their own in PyTorch (`tests/specs`). Every published net says
its numbers in `expect` lines: `cnnspec check specs` holds them.

This page is written by `docs/zoo_reference.py`; a test holds it to the specs.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page, a table a family."""
    return "\n".join([INTRODUCTION, *("\n".join(section(family)) + "\n" for family in FAMILIES)])


def section(family: str) -> Iterator[str]:
    """The nets of a family, a row each."""
    yield f"## {family}"
    yield ""
    yield "| net | source | lines | input | output | parameters | buffers | MACs | field | peak |"
    yield "|---|---|--:|---|---|--:|--:|--:|--:|--:|"
    for name in FAMILIES[family]:
        path = SPECS / f"{name}.cnn"
        lines = sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())
        spec = api.load(path)
        for net in spec.nets:
            linked = f"[`{net}`](../specs/{name}.cnn)"
            yield f"| {linked} | {' | '.join(cells(spec.net(net).analysis, lines))} |"


def cells(net: Analysis, lines: int) -> Iterator[str]:
    """What there is to say about a net."""
    totals, graph, peak = net.totals, net.graph, inference_peak(net)
    yield " ".join((graph.doc or "").split())
    yield str(lines)
    yield ", ".join(shape_text(given.tensor.shape) for given in graph.inputs)
    yield ", ".join(shape_text(output.tensor.shape) for output in graph.inference_outputs)
    yield exact(totals.params)
    yield exact(totals.buffers)
    yield exact(totals.macs)
    yield field_text(trunk(net))
    yield in_bytes(peak.bytes) if peak else ""


def trunk(net: Analysis) -> LayerFacts:
    """The layer that makes the output, or, where that is a vector, the last map before."""
    facts = net.by_path[net.graph.inference_outputs[0].tensor.node]
    while facts.node.inputs and _belongs_to_head(facts):
        facts = net.by_path[facts.node.inputs[0].node]
    return facts


def _belongs_to_head(facts: LayerFacts) -> bool:
    if len(facts.output) == 1 or isinstance(facts.node.layer, HEADS):
        return True
    return all(size == 1 for shape in (facts.output, facts.node.input_shapes[0]) for size in shape[1:])


if __name__ == "__main__":
    main()
