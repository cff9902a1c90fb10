"""An inference reads a large input where it is, and nothing before or after it.

The input lies between pages that nobody may read, at one end and at the other: a process of its own is ended
if a kernel reads on.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

READER = """
import ctypes, mmap, sys
import numpy as np
import cnnspec

PAGE = mmap.PAGESIZE
system = ctypes.CDLL(None, use_errno=True)

def between_forbidden_pages(array, at_the_end):
    pages = -(-array.nbytes // PAGE)
    room = mmap.mmap(-1, (pages + 2) * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(room))
    for page in (0, pages + 1):
        assert system.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, 0) == 0
    first = start + PAGE + (pages * PAGE - array.nbytes if at_the_end else 0)
    copy = np.frombuffer((ctypes.c_char * array.nbytes).from_address(first), array.dtype)
    copy[...] = array.ravel()
    return copy.reshape(array.shape), room

net = cnnspec.compile(cnnspec.loads(sys.argv[1]).net(), batch=2, training=False, math=sys.argv[2])
(port,) = net.plan.inputs
image = np.random.default_rng(0).standard_normal((2, *port.shape)).astype(np.float32)
assert image.nbytes >= 1 << 16, "too small to be lent"
expected = net.forward(np.asfortranarray(image))
for at_the_end in (True, False):
    lent, room = between_forbidden_pages(image, at_the_end)
    np.testing.assert_array_equal(net.forward(lent), expected)
"""
NETS = {
    "a first layer": "conv(8, 7, stride=2, pad=3) -> relu",
    "planes": "conv(6, 5) -> tanh -> avgpool(2)",
    "a point a pixel": "conv(8, 1)",
    "depthwise": "conv(3, 3, groups=3)",
    "a pool": "maxpool(3, stride=2, pad=1)",
    "a sum": "it + it -> relu",
}


@pytest.mark.skipif(sys.platform == "win32", reason="pages are forbidden by mprotect")
@pytest.mark.parametrize("math", ["fast", "exact"])
@pytest.mark.parametrize("words", NETS.values(), ids=NETS.keys())
def test_nothing_beside_the_input_is_read(words: str, math: str) -> None:
    text = f"net n:\n    input it: [3, 111, 97]\n    output {words}\n"
    command = [sys.executable, "-c", READER, text, math]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
