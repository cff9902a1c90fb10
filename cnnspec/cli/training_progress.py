"""The progress of training: a live bar on a terminal, one line an epoch everywhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnnspec.cli.screen import Screen, err
from cnnspec.diagnostics.legible import cells
from cnnspec.diagnostics.styled import Line, Piece, Style, line, plain

_COMPILING = "compiling"

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from cnnspec.backend.compilation import Compilation
    from cnnspec.backend.training.progress import BatchDone, EpochDone, Progress


def epoch_line(done: EpochDone, width: int | None) -> Line:
    """`epoch  3/10  loss 0.0812  accuracy 97.52 %  test 98.41 %  7,012 images/s  8.6 s`, or without speed."""
    epoch = f"epoch {done.epoch:>{len(str(done.epochs))}}/{done.epochs}"
    trained = f"  loss {done.loss:.4f}  accuracy {percent(done.accuracy)}"
    speed = f"  {done.images_per_second:,.0f} images/s  {done.seconds:.1f} s"
    test = "" if done.test_accuracy is None else f"  test {percent(done.test_accuracy)}"
    result = line((epoch, Style.STRONG), trained, (test, Style.SUCCESS))
    fits = width is None or cells(plain(result)) + cells(speed) <= width
    return (*result, Piece(speed, Style.QUIET)) if fits else result


def percent(share: float) -> str:
    """`97.52 %`."""
    return f"{share * 100:5.2f} %"


class Watch:
    """What training calls after every batch and epoch. The bar is erased before a line is written."""

    def __init__(self, screen: Screen | None, terminal: Screen | None) -> None:
        self.screen = screen
        self.terminal = terminal
        self.bar: Bar | None = None
        self.draw(_COMPILING, None)

    def __call__(self, progress: Progress) -> None:
        """Draw a batch; write an epoch."""
        from cnnspec.backend.training.progress import EpochDone

        if isinstance(progress, EpochDone):
            self.erase()
            if self.screen:
                self.screen.write([epoch_line(progress, self.screen.width)])
                self.screen.stream.flush()
        else:
            self.after_batch(progress)

    def compile(self, state: Compilation) -> None:
        """Show how many kernels are ready, while the first bar stands there."""
        if self.bar and self.bar.tasks[0].description == _COMPILING:
            self.bar.update(self.bar.task_ids[0], total=state.total, completed=state.done)

    def after_batch(self, done: BatchDone) -> None:
        """Move the bar; at the first batch of an epoch begin another."""
        title = f"epoch {done.epoch}/{done.epochs}"
        if self.bar is None or self.bar.tasks[0].description != title:
            self.draw(title, done.batches)
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=done.batch, figures=_figures(done))

    def draw(self, title: str, batches: int | None) -> None:
        """Begin a bar, where there is a terminal to draw on."""
        self.erase()
        if self.terminal:
            self.bar = _bar(self.terminal)
            self.bar.add_task(title, total=batches, figures="")
            self.bar.start()

    def erase(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.stop()
            self.bar = None


def _figures(done: BatchDone) -> str:
    speed = f"{done.images_per_second:,.0f} images/s"
    return f"loss {done.loss:.4f}  {percent(done.accuracy)}  {speed}  {clock(done.seconds_left)} left"


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def watching(screen: Screen | None) -> Generator[Watch]:
    """A watch that writes its lines to `screen`, if any, and, on a terminal, draws a bar below them."""
    terminal = err()
    watch = Watch(screen, terminal if terminal.stream.isatty() else None)
    try:
        yield watch
    finally:
        watch.erase()


def _bar(terminal: Screen) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", style="bold"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
    )
    console = Console(file=terminal.stream, no_color=not terminal.coloured, highlight=False)
    return Progress(*columns, console=console, transient=True, expand=True, redirect_stdout=False)
