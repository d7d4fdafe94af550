"""An S3 server, which is a process of its own: it can be asked, killed and halted."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ASKED = re.compile(r'"([A-Z]+) (\S+) HTTP/1.1" (\d+)')


class Store:
    """The server, with an empty bucket `signs`.

    Attributes:
        environment: that names it, as it would name another.
        files: fsspec's file system.
    """

    def __init__(self, folder: Path):
        s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'slr-pose[objects]'")
        pytest.importorskip("moto.server", reason="moto is not installed, which has an S3 server")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._log = folder / "moto.log"
        with open(self._log, "ab") as log:
            command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        values = {"ENDPOINT_URL": f"http://127.0.0.1:{port}", "ACCESS_KEY_ID": "anna", "SECRET_ACCESS_KEY": "secret"}
        self.environment = {f"AWS_{name}": value for name, value in values.items()}
        self.files = s3fs.S3FileSystem(
            key="anna", secret="secret", endpoint_url=values["ENDPOINT_URL"], use_listings_cache=False
        )
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        self.files.mkdir("signs")

    def clear(self) -> None:
        self.files.clear_instance_cache()  # which knew another environment
        self.files.rm("signs", recursive=True)
        self.files.mkdir("signs")
        self.asked()

    def names(self, folder: str) -> set[str]:
        return {name.removeprefix(f"{folder}/") for name in self.files.find(folder)}

    def asked(self) -> list[tuple[str, str, str]]:
        """Method, path and status of the answer, of what it was asked since this was called."""
        said = self._log.read_text().splitlines()
        os.truncate(self._log, 0)
        return [found.groups() for line in said if (found := ASKED.search(line))]

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
