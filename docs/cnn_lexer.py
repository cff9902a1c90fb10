"""The colours of specs in these pages."""

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

KEYWORDS = (
    "if", "elif", "else", "for", "in", "repeat", "input", "output", "training", "weight", "where",
    "expect", "within", "layer", "use", "as", "and", "or", "not",
)  # fmt: skip


class CnnLexer(RegexLexer):
    """cnnspec's language, for Pygments."""

    name = "cnnspec"
    aliases: ClassVar = ["cnn"]
    filenames: ClassVar = ["*.cnn"]
    tokens: ClassVar = {
        "root": [
            (r"#.*", Comment.Single),
            (r'"""[\s\S]*?"""', String.Doc),
            (r'"[^"\n]*"', String),
            (r"\b(net|block)(\s+)(\w+)", bygroups(Keyword.Declaration, Whitespace, Name.Function)),
            (words(KEYWORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (words(("true", "false", "it", "same", "valid"), prefix=r"\b", suffix=r"\b"), Keyword.Constant),
            (r"[0-9]\w*(\.[0-9]\w*)?%?", Number),
            (r"\w+(?=\()", Name.Function),
            (r"\w+(?=\s*=[^=])", Name.Attribute),
            (r"\w+", Name),
            (r"->|[-+*/%=<>!?]+", Operator),
            (r"[()\[\],.:]", Punctuation),
            (r"\s+", Whitespace),
        ],
    }
