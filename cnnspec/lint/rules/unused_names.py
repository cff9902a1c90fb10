"""Names that are given and never used. A name that begins with `_` says that this is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.diagnostics import Diagnostic, Edit, Help, Span
from cnnspec.language import ast
from cnnspec.language.scope import SHIPPED
from cnnspec.language.spec import Unit
from cnnspec.lint.finding import Finding
from cnnspec.lint.linted import Linted
from cnnspec.lint.places import whole_lines
from cnnspec.lint.rule import spec_rule


def _found(
    code: str, message: str, span: Span, help_text: str, edits: tuple[Edit, ...] = (), *, safe: bool = False
) -> Finding:
    return Finding(Diagnostic(code, message, span, help=Help(help_text, edits, safe)))


def _meant(name: str) -> bool:
    return name.startswith("_")


# --- in definitions -----------------------------------------------------------------------------------------


@spec_rule("unused-parameter")
def unused_parameter(linted: Linted) -> Iterator[Finding]:
    """A parameter of a block or net that its body never reads."""
    for body in linted.bodies:
        for param in body.definition.params:
            if param.name not in body.words and not _meant(param.name):
                name = Span(param.span.source, param.span.start, param.span.start + len(param.name))
                yield _found(
                    "unused-parameter",
                    f"`{body.definition.name}` never uses its parameter `{param.name}`",
                    name,
                    "use it, or leave it out here and where it is given",
                )


def unused_assignments(linted: Linted) -> Iterator[ast.Assign]:
    """The assignments in definitions none of whose names is read."""
    expects = linted.spec.main.file.expects
    asked = {node.name for e in expects for node in ast.walk(e) if isinstance(node, ast.Attribute)}
    for body in linted.bodies:
        used = body.words | asked if body.definition.kind == "net" else body.words
        for node in body.nodes:
            if isinstance(node, ast.Assign):
                names = [target.name for target in node.targets]
                if used.isdisjoint(names) and not any(map(_meant, names)):
                    yield node


def meant_assignments(linted: Linted) -> Iterator[ast.Assign]:
    """The assignments in definitions to names that say that they need not be used."""
    for body in linted.bodies:
        for node in body.nodes:
            if isinstance(node, ast.Assign) and any(_meant(target.name) for target in node.targets):
                yield node


@spec_rule("unused-name")
def unused_name(linted: Linted) -> Iterator[Finding]:
    """A name in a body that is bound and never read."""
    for node in unused_assignments(linted):
        only_numbers = all(isinstance(n, ast.Number | ast.Unary | ast.Binary) for n in ast.walk(node.value))
        yield _found(
            "unused-name",
            f"{_listed(node)} {'is' if len(node.targets) == 1 else 'are'} never used",
            node.targets[0].span.to(node.targets[-1].span),
            "leave the line out",
            whole_lines(node.span),
            safe=only_numbers,
        )


def _listed(node: ast.Assign) -> str:
    return " and ".join(f"`{target.name}`" for target in node.targets)


@spec_rule("unused-layer")
def unused_layer(linted: Linted) -> Iterator[Finding]:
    """A shared layer that is never applied."""
    for body in linted.bodies:
        for node in body.nodes:
            if (
                isinstance(node, ast.LayerDefinition)
                and node.name not in body.words
                and not _meant(node.name)
            ):
                yield _found(
                    "unused-layer",
                    f"the layer `{node.name}` is never applied",
                    node.name_span,
                    "leave the line out",
                    whole_lines(node.span),
                    safe=True,
                )


# --- in the file --------------------------------------------------------------------------------------------


@spec_rule("unused-constant")
def unused_constant(linted: Linted) -> Iterator[Finding]:
    """A constant of the file that nothing in the file reads."""
    file = linted.spec.main.file
    used = _words(linted) | _names_in((*file.assignments, *file.expects))
    for node in file.assignments:
        if all(target.name not in used and not _meant(target.name) for target in node.targets):
            yield _found(
                "unused-constant",
                f"nothing in this file uses {_listed(node)}",
                node.targets[0].span.to(node.targets[-1].span),
                "leave the line out",
                whole_lines(node.span),
                safe=True,
            )


@spec_rule("unused-use")
def unused_use(linted: Linted) -> Iterator[Finding]:
    """A `use` that brings in nothing the file needs."""
    used = _words(linted)
    for use, given in _brought_in(linted.spec.main):
        if used.isdisjoint(given):
            yield _found(
                "unused-use",
                f"no block of {use.path_span.text} is used here",
                use.path_span,
                "leave the line out",
                whole_lines(use.span),
                safe=True,
            )


def _brought_in(unit: Unit) -> Iterator[tuple[ast.Use, set[str]]]:
    """Every `use` with the names of the blocks that it brings in: the file's own hide others."""
    library = [used for used in unit.used if used.file.source.name in SHIPPED]
    files = iter([used for used in unit.used if used not in library])
    for use in unit.file.uses:
        other = next(files, None) if use.path is not None else library[0]
        yield use, other.own("block").keys() - unit.own("block").keys() if other else set()


@spec_rule("unused-block")
def unused_block(linted: Linted) -> Iterator[Finding]:
    """A block of a file with nets that none of them reaches. A file of blocks alone is for others to use."""
    blocks = {body.definition.name: body for body in linted.bodies if body.definition.kind == "block"}
    waiting = [body for body in linted.bodies if body.definition.kind == "net"]
    if not waiting:
        return
    reached: set[str] = set()
    while waiting:
        fresh = (waiting.pop().words & blocks.keys()) - reached
        reached |= fresh
        waiting += [blocks[name] for name in fresh]
    for name, body in blocks.items():
        if name not in reached and not _meant(name):
            yield _found(
                "unused-block",
                f"no net of this file uses the block `{name}`",
                body.definition.name_span,
                "leave it out, or move it to a file of blocks for others to `use`",
            )


def _words(linted: Linted) -> set[str]:
    """Every word that is read in a definition of the file."""
    return {word for body in linted.bodies for word in body.words}


def _names_in(nodes: Iterable[ast.Node]) -> set[str]:
    return {here.name for node in nodes for here in ast.walk(node) if isinstance(here, ast.Name)}
