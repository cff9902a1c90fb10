"""Common slips: what people write when they mean something that the language says in another way.

Each function here looks at one situation and either knows what happened or gives None. `diagnose` asks them
in order, the surest first, and falls back on what was found and expected.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.diagnostics import Diagnostic
from cnnspec.language.mistakes import Situation, unexpected
from cnnspec.language.slips import layout, signs, values, words

never_closed = signs.never_closed

_SLIPS: tuple[Callable[[Situation], Diagnostic | None], ...] = (
    layout.deeper_line,
    layout.missing_body,
    layout.arrow_first,
    layout.arrow_last,
    layout.else_if,
    layout.body_in_body,
    words.foreign_word,
    words.definition_in_body,
    words.misspelt_word,
    words.outside_of_bodies,
    layout.missing_colon,
    layout.else_alone,
    layout.docstring_elsewhere,
    signs.wrong_closer,
    signs.listing,
    words.use_without_quotes,
    words.training_alone,
    words.where_alone,
    words.input_without_name,
    words.typed_parameter,
    signs.foreign_sign,
    signs.equals,
    signs.foreign_operator,
    signs.leading_point,
    signs.trailing_point,
    values.sizes_apart,
    values.unit_apart,
    values.missing_equals,
    values.missing_word,
    values.bare_list,
    values.missing_comma,
    values.bare_arguments,
    values.missing_arrow,
    values.missing_else,
    words.reserved_word,
    words.digit_first,
    values.missing_value,
)


def diagnose(situation: Situation) -> Diagnostic:
    """What is wrong where a token does not fit."""
    return next(filter(None, (slip(situation) for slip in _SLIPS)), None) or unexpected(situation)
