"""Random numbers that are a function of a key and a counter, so that no result depends on who draws first.

Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011). Its words
of 32 bits are held in unsigned numbers of 64.
"""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.jit import inline

ROUNDS = 10
FACTOR_A, FACTOR_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
STEP_A, STEP_C = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)

Word = np.uint64
Block = tuple[Word, Word, Word, Word]


@inline
def philox(counter: Block, key: tuple[Word, Word]) -> Block:
    """Four random words."""
    a, b, c, d = counter
    first, second = key
    for _ in range(ROUNDS):
        left, right = a * FACTOR_A, c * FACTOR_C
        a, b, c, d = (right >> HALF) ^ b ^ first, right & LOW, (left >> HALF) ^ d ^ second, left & LOW
        first, second = (first + STEP_A) & LOW, (second + STEP_C) & LOW
    return a, b, c, d


@inline
def draw(seed: int, stream: int, step: int, block: int) -> Block:
    """The four words of a block of a stream at a step: of the seed and the step 64 bits count, else 32."""
    wide, when = np.uint64(seed), np.uint64(step)
    counter = np.uint64(block) & LOW, np.uint64(stream) & LOW, when & LOW, when >> HALF
    return philox(counter, (wide & LOW, wide >> HALF))
