"""The progress of training: a live bar on a terminal, one line an epoch everywhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnnspec.cli.screen import Screen, err
from cnnspec.diagnostics.styled import Line, Style, line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from cnnspec.backend.training.progress import BatchDone, EpochDone, Progress


def epoch_line(done: EpochDone) -> Line:
    """`epoch  3/10   loss 0.0812   accuracy 97.52 %   test 98.41 %   7,012 images/s   8.6 s`."""
    epoch = f"epoch {done.epoch:>{len(str(done.epochs))}}/{done.epochs}"
    trained = f"   loss {done.loss:.4f}   accuracy {percent(done.accuracy)}"
    speed = f"   {done.images_per_second:,.0f} images/s   {done.seconds:.1f} s"
    test = "" if done.test_accuracy is None else f"   test {percent(done.test_accuracy)}"
    return line((epoch, Style.STRONG), trained, (test, Style.SUCCESS), (speed, Style.QUIET))


def percent(share: float) -> str:
    """`97.52 %`."""
    return f"{share * 100:5.2f} %"


class Watch:
    """What training calls after every batch and epoch."""

    def __init__(self, screen: Screen, bar: Bar | None) -> None:
        self.screen = screen
        self.bar = bar
        self.task: TaskID | None = bar.add_task("compiling", total=None, figures="") if bar else None
        self.epoch = 0

    def __call__(self, progress: Progress) -> None:
        """Draw a batch; write an epoch."""
        from cnnspec.backend.training.progress import EpochDone

        if isinstance(progress, EpochDone):
            self.end_of_epoch(progress)
        elif self.bar:
            self.after_batch(self.bar, progress)

    def end_of_epoch(self, done: EpochDone) -> None:
        """Write the line, above the bar where there is one."""
        if self.bar:
            self._drop_task(self.bar)
        self.screen.write([epoch_line(done)])
        self.screen.stream.flush()

    def after_batch(self, bar: Bar, done: BatchDone) -> None:
        """Move the bar, at the first batch of an epoch to its beginning."""
        if self.task is None or done.epoch != self.epoch:
            self._drop_task(bar)
            self.epoch = done.epoch
            self.task = bar.add_task(f"epoch {done.epoch}/{done.epochs}", total=done.batches, figures="")
        bar.update(self.task, completed=done.batch, figures=_figures(done))

    def _drop_task(self, bar: Bar) -> None:
        if self.task is not None:
            bar.remove_task(self.task)
            self.task = None


def _figures(done: BatchDone) -> str:
    speed = f"{done.images_per_second:,.0f} images/s"
    return f"loss {done.loss:.4f}  {percent(done.accuracy)}  {speed}  {clock(done.seconds_left)} left"


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def watching(screen: Screen) -> Generator[Watch]:
    """A watch that writes its lines to `screen` and, on a terminal, draws a bar below them."""
    terminal = err()
    if not terminal.stream.isatty():
        yield Watch(screen, None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", style="bold"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
    )
    console = Console(file=terminal.stream, no_color=not terminal.coloured, highlight=False)
    with Progress(*columns, console=console, transient=True, expand=True) as bar:
        yield Watch(screen, bar)
