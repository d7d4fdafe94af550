"""What keeps libraries from talking to the person."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(logger_name: str) -> Iterator[None]:
    """Keep a library's remarks and warnings back; ours say what matters."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def quiet_natives() -> Iterator[None]:
    """Keep back what native code writes to stderr, past every setting; what Python writes there comes through.

    For the process as a whole, so for a command line alone.
    """
    try:
        is_real = sys.stderr.fileno() == 2
    except OSError:  # somebody else has taken it already
        is_real = False
    if not is_real:
        yield
        return
    before, kept = sys.stderr, os.dup(2)
    before.flush()
    sys.stderr = os.fdopen(kept, "w", 1, before.encoding, before.errors, closefd=False)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.close()
        sys.stderr = before
        os.dup2(kept, 2)
        os.close(kept)
