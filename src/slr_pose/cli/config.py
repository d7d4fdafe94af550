"""`slr --config FILE.toml`: options of commands in a file, a table for each command."""

from pathlib import Path
from typing import Any

from typer.core import TyperOption

from slr_pose import BadInput
from slr_pose.files import open_regular

LARGEST = 1 << 20  # bytes


def options_of(file: Path, group: Any) -> dict[str, dict[str, Any]]:
    """What a file says -> command -> parameter -> value, as if it were typed; for the `default_map` of a context.

    Args:
        group: whose commands they are.

    Raises:
        BadInput: it is no such file; a command or an option is unknown, or has a value that nobody can type.
    """
    found: dict[str, dict[str, Any]] = {}
    for command, options in _tables(file).items():
        if not isinstance(options, dict):
            raise BadInput(f"{file}: {command} stands in no table; write it below that of its command, as [train].")
        if command not in group.commands:
            raise BadInput(f"{file}: there is no command '{command}'; `slr --help` lists them.")
        known = {
            name.removeprefix("--"): option
            for option in group.commands[command].params
            if isinstance(option, TyperOption)
            for name in option.opts
            if name.startswith("--")
        }
        found[command] = {}
        for name, value in options.items():
            if name not in known:
                raise BadInput(f"{file}: {command} has no option '{name}'; those that it has: {', '.join(known)}.")
            found[command][str(known[name].name)] = _as_typed(value, known[name], f"{file}: {name} of {command}")
    return found


def _tables(file: Path) -> dict[str, Any]:
    import msgspec

    with open_regular(file) as opened:
        text = opened.read(LARGEST + 1)
    try:
        if len(text) > LARGEST:
            raise ValueError(f"it is longer than {LARGEST} bytes")
        tables: dict[str, Any] = msgspec.toml.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not TOML ({error}); write it as `[train]` and, below it, `epochs = 50`.") from error
    return tables


def _as_typed(value: object, option: TyperOption, where: str) -> bool | str | list[str]:
    if option.is_flag:
        if not isinstance(value, bool):
            raise BadInput(f"{where} is either true or false.")
        return value
    values = value if isinstance(value, list) and option.multiple else [value]
    if not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        several = ", or a list of them" if option.multiple else ""
        raise BadInput(f"{where} is a text in quotes or a number{several}.")
    typed = [str(each) for each in values]
    return typed if option.multiple else typed[0]
