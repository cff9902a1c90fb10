"""Specs that would take forever are refused at once, by the name of the limit; never by a traceback."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from cnnspec.language import limits
from cnnspec.language.elaborate import Elaborated, elaborate
from cnnspec.language.spec import load_text


def net(*lines: str) -> str:
    return (
        "\n".join(["net endless:", "    input image: [3, 32, 32]", *(f"    {line}" for line in lines)]) + "\n"
    )


def run(text: str) -> Elaborated:
    loaded = load_text(text)
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    return elaborate(loaded.spec)


ITSELF = "block forever(n):\n    conv(8, 3, pad=1) -> forever(n + 1)\n\n"
TWICE = "block forever(n):\n    forever(n + 1) + forever(n + 1)\n\n"
IN_ARGUMENTS = "block forever(f):\n    forever(f -> relu)\n\n"
MUTUAL = "block a:\n    b\n\nblock b:\n    if in.channels == 3:\n        a\n\n"
DEFAULTS = "block forever(n = 0):\n    repeat 2:\n        forever(n=n + 1)\n\n"

REFUSED = {
    "repetitions": (net("repeat 10**12:", "    relu"), "1,000,000,000,000 repetitions"),
    "nested repetitions": (
        net("repeat 10_000:", "    repeat 10_000:", "        repeat 10_000:", "            x = 1"),
        "statements",
    ),
    "empty repetitions": (
        net("repeat 10_000:", "    repeat 10_000:", "        repeat 0:", "            relu"),
        "statements",
    ),
    "layers": (net("repeat 10_000:", "    relu -> relu -> relu"), "more than 10,000 layers"),
    "layers that widen": (
        net("repeat 10_000:", "    repeat 10:", "        conv(8, 3, pad=1) -> bn"),
        "layers",
    ),
    "a block in itself": (ITSELF + net("forever(0)"), "stand in each other"),
    "a block twice in itself": (TWICE + net("forever(0)"), "stand in each other"),
    "arguments that grow": (IN_ARGUMENTS + net("forever(relu)"), "stand in each other"),
    "two blocks in each other": (MUTUAL + net("a"), "stand in each other"),
    "a block with defaults": (DEFAULTS + net("forever"), "stand in each other"),
    "towers of powers": (net("x = 10**10**10", "relu"), "4096 bits"),
    "small powers": (net("x = 2**2**2**2**2**2", "relu"), "4096 bits"),
    "negative powers": (net("x = 10**-10**10", "relu"), "4096 bits"),
    "fractions": (net("x = (1/3)**10_000", "relu"), "4096 bits"),
    "products": (net("x = 2", "repeat 100:", "    x = x * x", "relu"), "4096 bits"),
    "sums": (net("x = 1", "repeat 9_999:", "    x = x + x", "relu"), "4096 bits"),
    "ranges": (net("for i in range(10**9):", "    relu"), "10,000 items"),
    "lists": (net("x = [1] * 10**9", "relu"), "limit of 10,000"),
    "lists that double": (net("x = [1]", "repeat 100:", "    x = x + x", "relu"), "limit of 10,000"),
    "sizes": (net("repeat 5_000:", "    upsample(10**9)"), "4096 bits"),
    "channels": (net("repeat 9_999:", "    concat(it, it)"), "4096 bits"),
}


def timed(action: Callable[[], Elaborated]) -> tuple[Elaborated, float]:
    start = time.process_time()
    return action(), time.process_time() - start


@pytest.mark.parametrize(("text", "limit"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_end_is_refused_in_under_a_second(text: str, limit: str) -> None:
    result, seconds = timed(lambda: run(text))
    assert result.graph is None
    assert [d.code for d in result.diagnostics] == ["limit"]
    assert limit in result.diagnostics[0].message
    assert result.diagnostics[0].span is not None
    assert seconds < 1


def test_every_limit_leaves_room_below_it() -> None:
    assert run(net(f"x = 2**{limits.MAX_BITS - 2}", "relu")).graph
    assert run(net(f"repeat {limits.MAX_LAYERS - 1}:", "    relu")).graph
    assert run(net(f"x = len(range({limits.MAX_ITEMS}))", "relu")).graph


def test_blocks_may_be_thirty_deep() -> None:
    deep = "block chain(n):\n    relu\n    if n > 1:\n        chain(n - 1)\n\n"
    result = run(deep + net("chain(30)"))
    assert result.graph is not None
    assert len(result.graph) == 31


def test_the_depth_limit_holds_before_pythons_own() -> None:
    """Under the deepest stack that a limit of 1,000 leaves room for."""

    def deeper(frames: int) -> Elaborated:
        return deeper(frames - 1) if frames else run(ITSELF + net("forever(0)"))

    assert sys.getrecursionlimit() == 1000
    result = deeper(100)
    assert [d.code for d in result.diagnostics] == ["limit"]


NESTED_IN_EVERY_WAY = """
block deep(n):
    if n > 0:
        for i in [1]:
            repeat 1:
                x = [(concat(it, (it -> (deep(n - 1) -> relu) if n > 0 else relu)))]
                x[0] -> conv(3, 1)
    relu

"""


def test_the_depth_limit_holds_for_deep_expressions_too() -> None:
    result = run(NESTED_IN_EVERY_WAY + net("deep(1000)"))
    assert [d.code for d in result.diagnostics] == ["limit"]
