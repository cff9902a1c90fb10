"""What an executable is said to take, and what it really takes: by its arrays, and by the process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from backend.nets import samples

import cnnspec
from cnnspec import pipeline
from cnnspec.backend.executable import Executable
from cnnspec.backend.fast.net import FastProgram
from cnnspec.backend.footprint import Footprint
from cnnspec.backend.plan import make_plan
from cnnspec.backend.storage import Storage
from cnnspec.diagnostics import DiagnosticError
from cnnspec.graph import Graph

ROOT = Path(cnnspec.__file__).parents[1]
ZOO = sorted((ROOT / "specs").glob("*.cnn"))
SMALL = {
    "lenet5": {},
    "resnet20_cifar": {},
    "squeezenet1_1": {"H": 33, "W": 40, "classes": 4},
    "unet": {"H": 32, "W": 16, "width": 4},
}


def graph_of(path: Path, **bindings: int) -> Graph:
    spec = pipeline.load(path).spec
    assert spec is not None
    graph = pipeline.elaborate(spec, bindings=bindings).graph
    assert graph is not None
    return graph


@pytest.fixture(autouse=True)
def _any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large nets are only laid out, never run, so that they may be larger than this machine."""
    monkeypatch.setattr("cnnspec.backend.plan.build.refuse_too_big", lambda *_: None)


def run(executable: Executable, *, training: bool) -> None:
    executable.forward(samples(executable.plan), training=training)
    if training:
        executable.backward({name: np.ones_like(y) for name, y in executable.outputs.items()})


@pytest.mark.parametrize("math", ["plain", "exact", "fast"])
@pytest.mark.parametrize("name", SMALL)
def test_what_runs_allocates_what_was_said(name: str, math: str) -> None:
    graph = graph_of(ROOT / "specs" / f"{name}.cnn", **SMALL[name])
    for training in (False, True):
        executable = Executable(make_plan(graph, batch=2, training=training), math=math)
        run(executable, training=training)
        assert executable.allocated == executable.footprint()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_the_arena_of_the_zoo_has_no_more_gaps_than_a_tenth(path: Path, training: bool) -> None:
    """Laid out at full size, not run: what is alive at once, against the arena that holds it."""
    plan = make_plan(graph_of(path), batch=2, training=training)
    program = FastProgram(plan, Storage(plan), "fast")
    schedule = program.schedule(training=training, threads=1)
    said = program.footprint(training=training, threads=1)
    assert said == Footprint(
        plan.memory.weights,
        plan.memory.gradients,
        packed=0 if training else schedule.packed,
        ports=sum(plan.buffers[buffer].bytes for buffer in plan.ports),
        arena=schedule.arena,
    )
    rooms = [room for room in schedule.rooms if not room.kept]
    change = Counter[int]()
    for room in rooms:
        change.update({room.first: room.numbers, room.last + 1: 0})
        change[room.last + 1] -= room.numbers
    alive = max(accumulate(change[time] for time in sorted(change))) * plan.width
    assert alive <= schedule.arena <= 1.1 * alive
    ends = [room.offset + room.numbers * plan.width for room in rooms]
    assert max(ends) <= schedule.arena


def test_recomputing_takes_less_memory_and_gives_the_same_bytes() -> None:
    graph = graph_of(ROOT / "specs" / "mobilenet_v2.cnn", H=64, W=64)
    found: list[tuple[int, list[bytes]]] = []
    for recompute in (False, True):
        net = Executable(make_plan(graph, batch=4, training=True, recompute=recompute), math="exact")
        run(net, training=True)
        assert net.allocated == net.footprint()
        found.append((net.allocated.arena, [array.tobytes() for array in net.gradients.values()]))
    (kept, gradients), (least, again) = found
    assert least < 0.75 * kept
    assert again == gradients


def test_training_keeps_no_weights_packed_and_shares_its_arena_with_inference() -> None:
    net = Executable(make_plan(graph_of(ROOT / "specs" / "lenet5.cnn"), batch=4, training=True), math="fast")
    run(net, training=False)
    assert net.allocated.packed > 0
    for _ in range(2):
        run(net, training=True)
        assert net.allocated == net.footprint(training=True)
    run(net, training=False)
    both = net.allocated
    assert both.arena == net.footprint(training=True).arena
    assert both.packed == net.footprint(training=False).packed


def test_the_plain_arena_is_there_only_when_the_plain_kernels_are_asked_for_something() -> None:
    plan = make_plan(graph_of(ROOT / "specs" / "lenet5.cnn"), batch=1, training=True)
    net = Executable(plan, math="fast")
    run(net, training=False)
    before = net.allocated.arena
    net.backward(np.ones((1, 10)))
    assert net.allocated.arena == before + plan.memory.arena


CHILD = """
import ctypes, gc, json, sys
from pathlib import Path
import numpy as np
from cnnspec import pipeline
from cnnspec.backend.executable import Executable

path, batch, training = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "training"
plan = pipeline.plan(pipeline.elaborate(pipeline.load(path).spec).graph, batch=batch, training=training)
x = {port.name: np.ones((batch, *port.shape), np.float32) for port in plan.inputs}

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

def run():
    net = Executable(plan, math="fast", threads=1)
    for _ in range(2):
        net.forward(x)
        if training:
            net.backward({name: np.ones_like(y) for name, y in net.outputs.items()})
    return net.footprint().total

run()
gc.collect()
ctypes.CDLL(None).malloc_trim(0)
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
print(json.dumps({"said": run(), "took": status("VmHWM") - before}))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the greatest use")
@pytest.mark.parametrize(
    ("name", "batch", "kind"),
    [("resnet18", 1, "inference"), ("resnet20_cifar", 64, "training")],
)
def test_the_process_takes_what_was_said_within_a_tenth(name: str, batch: int, kind: str) -> None:
    command = [sys.executable, "-c", CHILD, str(ROOT / "specs" / f"{name}.cnn"), str(batch), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["took"] == pytest.approx(found["said"], rel=0.1)


@pytest.mark.parametrize("training", [False, True])
def test_what_fast_kernels_need_beyond_memory_is_refused_before_it_is_taken(
    training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(graph_of(ROOT / "specs" / "lenet5.cnn"), batch=4, training=training)
    executable = Executable(plan, math="fast")
    footprint = executable.footprint()
    before = executable.allocated
    needed = footprint.total - before.total
    monkeypatch.setattr("cnnspec.backend.footprint.available_memory", lambda: needed - 1)
    with pytest.raises(DiagnosticError) as caught:
        executable.forward(samples(plan))
    (found,) = caught.value.diagnostics
    assert found.code == "too-big"
    assert found.message.startswith("lenet5 with a batch of 4 needs ")
    assert executable.allocated == before
    monkeypatch.setattr("cnnspec.backend.footprint.available_memory", lambda: needed)
    executable.forward(samples(plan))
    assert executable.allocated == footprint
