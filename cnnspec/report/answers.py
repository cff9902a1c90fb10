"""What a net says about its inputs, as the likeliest classes or as records; and how right it is on data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec import __version__
from cnnspec.backend.classify import Answer, Guess
from cnnspec.backend.training.measuring import Tally
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.report.classes import class_lines, class_name
from cnnspec.report.document import document, finite
from cnnspec.report.records import Record

Names = Sequence[str] | None
"""What the classes are called, in order."""


def answer_lines(answers: Sequence[Answer], names: Names, width: int | None) -> Iterator[Line]:
    """The classes of every sample; of an output that is a map or not finite, its shape and range."""
    for answer in answers:
        if len(answers) > 1:
            yield line((legible(answer.name), Style.HEADING))
        if answer.guesses is None:
            yield line(f"{list(answer.shape)}, {_range(answer)}; --output FILE writes them")
            continue
        for number, guesses in enumerate(answer.guesses, 1):
            if len(answer.guesses) > 1:
                yield line((f"sample {number}", Style.HEADING))
            yield from class_lines([(guess.label, guess.probability) for guess in guesses], names, width)


def _range(answer: Answer) -> str:
    return "values from {:.4g} to {:.4g}".format(*answer.span) if answer.span else "no finite value"


def measured_line(data: str, tally: Tally) -> Line:
    """`digits: 600 images, accuracy 98.41 %, loss 0.0512`."""
    accuracy = (f"{tally.accuracy * 100:.2f} %", Style.SUCCESS)
    return line(f"{legible(data)}: {tally.seen:,} images, accuracy ", accuracy, f", loss {tally.loss:.4f}")


def run_json(
    net: str,
    weights: str | None,
    *,
    answers: Sequence[Answer] = (),
    names: Names = None,
    written: str | None = None,
    measured: tuple[str, Tally] | None = None,
) -> Iterator[Line]:
    """A run of a net as `docs/schema/run.schema.json` describes it; `measured` is the data and the tally."""
    return document(
        "run",
        {
            "cnnspec": __version__,
            "net": net,
            "weights": weights,
            "outputs": [_output(answer, names) for answer in answers],
            "written": written,
            "measured": None if measured is None else _measured(*measured),
        },
    )


def _output(answer: Answer, names: Names) -> Record:
    least, greatest = answer.span or (None, None)
    guesses = answer.guesses
    return {
        "name": answer.name,
        "shape": list(answer.shape),
        "least": least,
        "greatest": greatest,
        "not_finite": answer.not_finite,
        "samples": None
        if guesses is None
        else [[_class(guess, names) for guess in best] for best in guesses],
    }


def _class(guess: Guess, names: Names) -> Record:
    return {
        "class": guess.label,
        "name": class_name(guess.label, names),
        "probability": finite(guess.probability),
    }


def _measured(data: str, tally: Tally) -> Record:
    return {"data": data, "images": tally.seen, "accuracy": tally.accuracy, "loss": finite(tally.loss)}
