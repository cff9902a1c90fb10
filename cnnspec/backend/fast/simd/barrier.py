# pyright: basic
# llvmlite ships no types: see values.py.
"""Where threads wait for each other between two layers: an atomic count, spun on for some microseconds."""

from __future__ import annotations

import sys

from llvmlite import ir

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import I32, I64, Word

BARRIER_WORDS = 32
"""The words of a barrier, zeros at first: arrivals in the first, rounds some cache lines further on."""

_ROUND = 16
_SPINS = 20_000
_YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


def wait(e: Emitter, barrier: Word, threads: Word) -> None:
    """Return when every one of `threads` threads has called this.

    The last to arrive resets the count and begins the next round; the others watch the round. After long
    watching, a thread offers its processor to others at every look.
    """
    builder = e.builder
    arrivals = builder.inttoptr(barrier.value, I64.as_pointer())
    rounds = builder.inttoptr((barrier + 8 * _ROUND).value, I64.as_pointer())
    one = ir.Constant(I64, 1)
    current = builder.load_atomic(rounds, "acquire", 8)
    before = builder.atomic_rmw("add", arrivals, one, "acq_rel")
    last = builder.icmp_signed("==", before, builder.sub(threads.value, one))
    with builder.if_else(last) as (arrived_last, arrived_earlier):
        with arrived_last:
            builder.store_atomic(ir.Constant(I64, 0), arrivals, "monotonic", 8)
            builder.store_atomic(builder.add(current, one), rounds, "release", 8)
        with arrived_earlier:
            _watch(e, rounds, current)


def _watch(e: Emitter, rounds: object, current: object) -> None:
    builder = e.builder
    before = builder.block
    look, idle, go = (builder.append_basic_block(f"barrier.{part}") for part in ("look", "idle", "go"))
    builder.branch(look)
    builder.position_at_end(look)
    spins = builder.phi(I64)
    spins.add_incoming(ir.Constant(I64, 0), before)
    _pause(e)
    begun = builder.icmp_signed("!=", builder.load_atomic(rounds, "acquire", 8), current)
    builder.cbranch(begun, go, idle)
    builder.position_at_end(idle)
    with builder.if_then(builder.icmp_signed(">", spins, ir.Constant(I64, _SPINS))):
        builder.call(_external(e, _YIELD, I32), [])
    spins.add_incoming(builder.add(spins, ir.Constant(I64, 1)), builder.block)
    builder.branch(look)
    builder.position_at_end(go)


def _pause(e: Emitter) -> None:
    """Tell a processor with shared units that this thread only waits."""
    if str(e.builder.module.triple).startswith(("x86_64", "i686")):
        e.builder.call(_external(e, "llvm.x86.sse2.pause", ir.VoidType()), [])


def _external(e: Emitter, name: str, result: ir.Type) -> ir.Function:
    found = e.builder.module.globals.get(name)
    return found or ir.Function(e.builder.module, ir.FunctionType(result, []), name=name)
