"""Safe fixes keep what a net computes: the net is run before and after, with the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lint.linting import ROOT, SETTINGS, checked, errors, net

from cnnspec import pipeline
from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.language.spec import load_source
from cnnspec.lint.fixing import Fixed, fix

SPECS = sorted((ROOT / "specs").rglob("*.cnn"))

RESIDUAL = """
block unit(c, s = 1):  # the comment of a block
    skip = in -> identity
    if s != 1 or in.channels != c:
        skip = conv(c, 1, stride=s)      # biased
    conv(c, 3, stride=s, pad=1) -> bn    # biased too
        -> relu
        -> relu  # again
    (it -> conv(c, 3, pad=1)) + skip -> bn -> relu

growth = 3  # spare
net residual(classes = 5):
    input image: [3, H = 12, W = 12]
    unit(4) -> unit(8, 2) -> unit(8)
    spare = 7
    layer never = conv(3, 3)
    training output aux = conv(6, 1) -> bn -> global_avgpool -> flatten
    output global_avgpool -> flatten -> linear(classes)
    output map = conv(3, 2, bias=true) -> instancenorm -> relu
"""
SHARED = """
net shared:
    input left: [1, 20]
    input right: [1, 20]
    layer encode = conv(4, 5, stride=2) -> bn -> relu -> relu6
    a = left -> encode
    b = right -> encode -> softplus -> relu
    output concat(a, b)
"""
UPWARDS = """
net upwards:
    input z: [4, 2, 3, 3]
    conv_transpose(6, 2, stride=2) -> bn -> relu -> maxpool(2) -> relu
    output conv_transpose(2, 3,
        pad=1,  # keeps the size
    ) -> bn -> sigmoid -> relu
"""
TEXTS = {
    "row": net("conv(4, 3) -> bn -> relu -> relu\nconv(4, 3, bias) -> identity -> bn -> relu6 -> relu"),
    "linear": net("global_avgpool -> flatten -> linear(6) -> bn -> relu -> flatten -> relu -> linear(3)"),
    "residual": RESIDUAL,
    "shared": SHARED,
    "upwards": UPWARDS,
}


def check(text: str, folder: Path) -> tuple[Source, tuple[Diagnostic, ...]]:
    source = Source(str(folder / "example.cnn"), text)
    loaded = load_source(source, folder)
    return source, loaded.diagnostics + (pipeline.check(loaded.spec, SETTINGS) if loaded.spec else ())


def fixed(text: str, folder: Path = ROOT) -> Fixed:
    return fix(text, lambda changed: check(changed, folder), unsafe=False)


def outputs(text: str, weights: dict[str, np.ndarray] | None) -> tuple[dict, dict]:
    """The outputs of a training pass, and its weights: random, or those of a net that has more of them."""
    spec = pipeline.load_text(text).spec
    assert spec is not None
    graph = pipeline.elaborate(spec).graph
    assert graph is not None
    executable = pipeline.compile(
        pipeline.plan(graph, batch=3, training=True, dtype="float64"), seed=1, math="plain"
    )
    random = np.random.default_rng(7)
    with executable.writing() as state:
        for name in executable.parameters:
            array = state[name]
            array[...] = random.standard_normal(array.shape) if weights is None else weights[name]
    shapes = {given.name: given.tensor.shape for given in graph.inputs}
    random = np.random.default_rng(8)
    made = executable.forward({name: random.standard_normal((3, *s)) for name, s in shapes.items()}, True)
    made = made if isinstance(made, dict) else {"output": made}
    return {k: v.copy() for k, v in made.items()}, {k: v.copy() for k, v in executable.parameters.items()}


@pytest.mark.parametrize("name", TEXTS)
def test_the_outputs_stay_as_they_are(name: str) -> None:
    done = fixed(TEXTS[name])
    assert len(done.made) >= 2
    before, weights = outputs(TEXTS[name], None)
    after, _ = outputs(done.text, weights)
    assert before.keys() == after.keys()
    for output in before:
        np.testing.assert_allclose(after[output], before[output], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", TEXTS)
def test_comments_and_layout_stay_and_nothing_is_left_to_fix(name: str) -> None:
    text = TEXTS[name]
    done = fixed(text)
    assert errors(checked(done.text)) == []
    again = fixed(done.text)
    assert (again.text, again.made) == (done.text, ())
    for comment in ("# the comment of a block", "# biased", "# biased too", "# again", "# keeps the size"):
        assert (comment in text) == (comment in done.text)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_published_net_stays_valid(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    done = fixed(text, path.parent)
    _, before = check(text, path.parent)
    _, after = check(done.text, path.parent)
    assert errors(list(after)) == errors(list(before)) == []
    assert fixed(done.text, path.parent).made == ()
