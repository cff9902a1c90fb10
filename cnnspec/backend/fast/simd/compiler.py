# pyright: basic
# llvmlite ships no types: see values.py.
"""From emitted functions to machine code, with the LLVM that Numba brings."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.target import Real, Target, describe
from cnnspec.backend.fast.simd.values import I64, Word

Body = Callable[[Emitter, Sequence[Word]], None]


@cache
def _ready() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def host() -> Target:
    """The processor that this process runs on."""
    _ready()
    return describe(llvm.get_host_cpu_name(), dict(llvm.get_host_cpu_features()))


def toolchain() -> str:
    """What else decides the machine code: versions of llvmlite and LLVM, and the platform."""
    return f"llvmlite {llvmlite.__version__} llvm {llvm.llvm_version_info} {llvm.get_process_triple()}"


def _machine(target: Target) -> Any:
    _ready()
    triple = llvm.Target.from_triple(llvm.get_process_triple())
    return triple.create_target_machine(cpu=target.cpu, features=target.features, opt=3, jit=True)


@cache
def _compiling_machine(target: Target) -> Any:
    return _machine(target)


def emit_text(name: str, arguments: int, body: Body, target: Target, real: Real) -> str:
    """The LLVM text of `void name(int64 × arguments)`."""
    module = ir.Module(name=name)
    module.triple = llvm.get_process_triple()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [I64] * arguments), name=name)
    function.attributes.add("nounwind")
    entry, start = function.append_basic_block("entry"), function.append_basic_block("start")
    builder = ir.IRBuilder(start)
    body(Emitter(builder, target, real), [Word(builder, argument) for argument in function.args])
    builder.ret_void()
    builder.position_at_end(entry)
    builder.branch(start)
    return str(module)


def compile_text(text: str, target: Target) -> bytes:
    """LLVM text as an object file.

    The kernels are unrolled by hand, so LLVM only cleans up and allocates registers: its whole pipeline
    takes many times as long and gives the same speed; combining instructions makes some kernels slower.
    """
    machine = _compiling_machine(target)
    module = llvm.parse_assembly(text)
    module.data_layout = str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes = llvm.create_new_module_pass_manager()
    passes.add_loop_rotate_pass()
    passes.add_new_gvn_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return machine.emit_object(module)


class CodeMemory:
    """Machine code in this process's memory, for as long as this value lives."""

    def __init__(self, target: Target) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(target))

    def load(self, code: bytes, name: str) -> int:
        """Add an object file: where its function of this name starts (KeyError where it has none)."""
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        found = self._engine.get_function_address(name)
        if not found:
            raise KeyError(name)
        return found


def callable_at(address: int, arguments: int) -> Callable[..., None]:
    """A function of integers at an address, callable from Python (without the interpreter lock)."""
    return ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * arguments)(address)
