"""A plan can be read."""
# ruff: noqa: E501

from __future__ import annotations

from backend.nets import graph

from cnnspec.backend.plan import describe, make_plan

NET = """
    net n():
        input x: [2, 6, 6]
        layer shared = conv(2, 3, pad=1)
        a = shared -> relu
        output (a -> shared) + a
"""

EXPECTED = """\
n: training, a batch of 3, float32
memory: 4.88 KiB: weights 256 B, their gradients 256 B, activations 1.69 KiB, gradients of activations 2.53 KiB
the arena of 4.38 KiB is fullest at shared.1

forward
  shared    Convolution 1×3×3 before 0×1×1 after 0×1×1  x → shared
  relu1     Activation function=relu                    shared → relu1
  shared.1  Convolution 1×3×3 before 0×1×1 after 0×1×1  relu1 → shared.1
  add1      Add                                         shared.1, relu1 → add1

backward
  add1      Add                                         ∂add1 → ∂shared.1, ∂relu1
  shared.1  Convolution 1×3×3 before 0×1×1 after 0×1×1  ∂shared.1, relu1 → ∂shared.weight, ∂shared.bias, part of ∂relu1
  relu1     Add                                         ∂relu1, part of ∂relu1 → ∂relu1
  relu1     Activation function=relu                    ∂relu1, relu1 → ∂shared
  shared    Convolution 1×3×3 before 0×1×1 after 0×1×1  ∂shared, x → part of ∂shared.weight, part of ∂shared.bias
  shared    Add                                         ∂shared.weight, part of ∂shared.weight → ∂shared.weight
  shared    Add                                         ∂shared.bias, part of ∂shared.bias → ∂shared.bias

buffers
  x                       3×2×1×6×6  float32  at 0      864 bytes  steps 0 to 9
"""


def test_steps_buffers_and_memory_in_words() -> None:
    made = describe(make_plan(graph(NET), batch=3, training=True))
    assert made.startswith(EXPECTED), made
    assert all(line == line.rstrip() for line in made.splitlines())
