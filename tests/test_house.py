"""The map in CONTRIBUTING.md is the house: each room stands in it, and imports point down."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "slr_pose"
BEGIN, END = "<!-- the house, from the ground up -->", "<!-- the roof -->"


def rooms_of_the_map() -> list[str]:
    """The rooms as `folder.room`, from the ground up. A line is a room, or a folder and its rooms in order."""
    drawn = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rooms = []
    for line in drawn.splitlines():
        if not line.startswith("    "):
            continue
        place, *inside = line.split("  --")[0].split()
        rooms += [f"{place.replace('/', '.')}{name}" for name in inside] if place.endswith("/") else [place, *inside]
    return rooms


def rooms_of_the_source() -> dict[str, Path]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        room = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if not room.endswith("__init__"):
            found[room] = path
    return found


def imported(path: Path, rooms: set[str]) -> set[str]:
    """The rooms that a file imports anywhere; a name from a folder's `__init__` stands for the folder."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slr_pose"):
            module = (node.module or "").removeprefix("slr_pose").lstrip(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}" if module else alias.name
                found.add(inner if inner in rooms else module)
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("slr_pose.") for alias in node.names if "slr_pose." in alias.name}
    return found - {""}


def test_every_room_stands_on_the_map_once():
    drawn = rooms_of_the_map()
    assert sorted(drawn) == sorted(rooms_of_the_source())


def test_imports_point_down():
    order = {room: height for height, room in enumerate(rooms_of_the_map())}
    parts = [room.split(".") for room in order]
    folders = {".".join(names[:depth]) for names in parts for depth in range(1, len(names))}
    height_of_folder = {
        name: max(height for room, height in order.items() if room.startswith(f"{name}.")) for name in folders
    }
    climbing = [
        f"{room} imports {other}"
        for room, path in rooms_of_the_source().items()
        for other in imported(path, set(order))
        if order.get(other, height_of_folder.get(other, -1)) >= order[room]
    ]
    assert not climbing


def test_nothing_below_the_command_line_prints_or_exits():
    """What the command line decides, and only it: what is printed, and how the program ends."""
    talking = []
    for room, path in rooms_of_the_source().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            prints = name in ("print", "exit")
            library = isinstance(node, ast.Import | ast.ImportFrom) and any(
                (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0] in ("rich", "typer")
                for alias in node.names
            )
            if (prints or library) and not room.startswith("cli."):
                talking.append(f"{room}, line {node.lineno}")
    assert not talking
