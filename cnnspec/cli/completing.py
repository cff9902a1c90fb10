"""What the shell offers behind TAB, where click does not know it by itself."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def spec_paths(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files, which the shell knows best."""
    del context, parameter
    return [CompletionItem(begun, type="file")]


def codes(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The codes of findings, with their titles where the shell shows them."""
    del context, parameter
    from cnnspec.diagnostics.codes import CODES

    return _beginning(begun, ((code.name, code.title) for code in CODES.values()))


def shipped_specs(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The specs that come with cnnspec."""
    del context, parameter
    from cnnspec.language.shipped import shipped_specs as shipped

    return _beginning(begun, ((name, None) for name in shipped()))


def layer_paths(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The paths of the layers of the spec that stands before; none where it cannot be read."""
    del parameter
    from cnnspec import pipeline

    path = context.params.get("spec_path")
    spec = pipeline.load(path).spec if isinstance(path, str) else None
    graph = pipeline.elaborate(spec, context.params.get("net_name")).graph if spec and spec.nets else None
    return _beginning(begun, ((node.path, node.origin.word) for node in graph or ()))


def _beginning(begun: str, offers: Iterable[tuple[str, str | None]]) -> list[CompletionItem]:
    return [CompletionItem(name, help=about) for name, about in offers if name.startswith(begun)]
