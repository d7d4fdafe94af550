"""Docstrings of public functions: the shapes of arrays, and what is raised. (That there is one is ruff's to say.)"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "slr_pose"
ARRAYS = {"ndarray", "NDArray", "Tensor"}
SHAPE = re.compile(r"any shape|\((?![^()]*\b(19|20)\d\d\b)[^(),]*,[^()]*\)")  # (clips,) but not (Platt, 1999)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.AST, name: str, around: str = "") -> Iterator[tuple[str, Function, str]]:
    """Public functions and methods with their names, and what the docstring of their class says."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from functions(child, f"{name}.{child.name}", ast.get_docstring(child) or "")
        elif isinstance(child, Function) and (child.name == "__call__" or not child.name.startswith("_")):
            yield f"{name}.{child.name}", child, around if child.name in ("__call__", "forward") else ""


def names(nodes: list[ast.AST | None]) -> set[str]:
    """All names in annotations, those in quotes too."""
    found = set()
    for node in nodes:
        for inner in ast.walk(node) if node else ():
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                found |= set(re.findall(r"\w+", inner.value))
            found |= {getattr(inner, "id", ""), getattr(inner, "attr", "")}
    return found


def raises(function: Function) -> bool:
    """Whether its own body raises `BadInput`."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and "BadInput" in names([node.exc]):
            return True
        if not isinstance(node, Function | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return False


def lacking(source: str, room: str) -> list[str]:
    found = []
    for name, function, around in functions(ast.parse(source), room):
        said = f"{around}\n{ast.get_docstring(function) or ''}"
        arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        has_array = ARRAYS & names([argument.annotation for argument in arguments] + [function.returns])
        if has_array and not SHAPE.search(said):
            found.append(f"{name}: the shape of an array")
        found += [f"{name}: Raises: BadInput"] * (
            raises(function) and not re.search(r"Raises:\n.*BadInput", said, re.S)
        )
    return found


ROOMS = [path for path in sorted(SOURCE.rglob("*.py")) if path.parent.name != "cli"]  # whose docstrings are help texts


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_docstrings_say_shapes_and_what_is_raised(path):
    room = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    assert lacking(path.read_text(encoding="utf-8"), room) == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ('def f(x: np.ndarray):\n    """Of an array."""', ["f: the shape of an array"]),
        ('def f() -> "dict[str, Tensor]":\n    """An array (Platt, 1999)."""', ["f: the shape of an array"]),
        ('def f(x: NDArray[np.float32]):\n    """Of an array, (frames,)."""', []),
        ('class A:\n    """(frames, 2)"""\n    def forward(self, x: Tensor):\n        """Of it."""', []),
        ('def _f(x: Tensor):\n    """Of an array."""\n    raise BadInput("no.")', []),
        ('def f():\n    """Do."""\n    if True:\n        raise BadInput("no.")', ["f: Raises: BadInput"]),
        ('def f():\n    """Do.\n\n    Raises:\n        BadInput: always.\n    """\n    raise BadInput("no.")', []),
        ('def f():\n    """Do."""\n    def g():\n        raise BadInput("no.")\n    return g', []),
    ],
)
def test_it_is_seen_what_a_docstring_lacks(source, missing):
    assert [name.removeprefix("room.") for name in lacking(source, "room")] == missing
