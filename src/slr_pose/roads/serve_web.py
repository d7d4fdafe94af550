"""A folder of `export_web` -> a web server of it, for this machine alone."""

import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.roads.export_web import INDEX, is_site

HOST = "127.0.0.1"
# The page says so itself; here it holds for all that comes with it, too, and the page stands in no other.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self';"
    " style-src 'self'; img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def web_server(folder: Path | str = "site", port: int = 8000) -> ThreadingHTTPServer:
    """A server of a folder that `export_web` wrote, which listens; `serve_forever` answers.

    Args:
        port: 0 for any that is free.

    Raises:
        BadInput: it is no such folder, or something else listens there.
    """
    folder = Path(folder)
    if not is_site(folder) or not (folder / INDEX).is_file():
        raise BadInput(f"there is no web page in {folder}: write one with `slr export-web -o {folder}`.")
    try:
        return ThreadingHTTPServer((HOST, port), functools.partial(_Files, directory=str(folder)))
    except OSError as error:
        raise BadInput(f"port {port} cannot be used ({error.strerror}); name another with --port.") from error


class _Files(SimpleHTTPRequestHandler):
    """Files of a folder, of the types that browsers insist on, under `HEADERS`."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".json": "application/json",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        """Of every answer."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of what is asked for."""
