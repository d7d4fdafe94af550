"""A template and what it shows -> one HTML file that needs nothing else, and asks nothing of the network."""

import base64
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slr_pose import BadInput, __version__
from slr_pose.files import open_regular, write_whole
from slr_pose.text import shown

HERE = Path(__file__).parent
MARK = b'<meta name="generator" content="slr-pose '  # in the first bytes of a page of ours
HEAD = 1000  # bytes in which it stands


def page_file(output: Path, name: str) -> Path:
    """Where a page goes: the `.html` file that was named, or one of that name in the folder that was named.

    Raises:
        BadInput: a file is there that is no page of ours.
    """
    file = output if output.suffix.lower() in (".html", ".htm") else output / name
    if file.is_file():
        with open_regular(file) as there:
            if MARK not in there.read(HEAD):
                raise BadInput(f"{file} is a file that slr did not write; move it, or choose another place.")
    return file


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page, whole or not at all.

    Whatever stands in the values is text, and no markup: it is escaped, and no character in it is obeyed. Nothing but
    our own script runs in the page, and it may load no more than videos from where it lies (Content Security Policy).

    Raises:
        BadInput: it cannot be written.
    """
    pages = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else shown(value),
    )
    pages.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    script = (HERE / "player.js").read_text(encoding="utf-8")
    text = pages.get_template(template).render(
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        version=__version__,
        today=date.today(),
        **values,
    )
    with write_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def as_json(value: object) -> Markup:
    """JSON that may stand within a `<script>`: nothing in it ends that."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
