"""A lexicon -> a SiGML file, which signing avatars play."""

from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import LeftOut, Listener, ignore
from slr_pose.files import write_whole
from slr_pose.hamnosys.sigml import to_sigml
from slr_pose.signer.synthesis import signs_of
from slr_pose.text import count


@dataclass(frozen=True)
class Sigml:
    """A SiGML file.

    Attributes:
        signs: how many it has; the variants of a gloss are a sign each.
    """

    file: Path
    signs: int


def export_sigml(signs: str | Path, output: Path | str = "signs.sigml", *, on_event: Listener = ignore) -> Sigml:
    """Write notations as SiGML, for a signing avatar to play.

    Args:
        signs: a notation, characters or names of symbols, or the path of a lexicon, a table with columns `gloss` and
            `hamnosys`.
        output: the file to write.
        on_event: told of signs that are left out.

    Raises:
        BadInput: the signs cannot be read, or the file cannot be written under that name, or is there with others.
    """
    output = Path(output)
    if output.suffix.lower() not in (".sigml", ".xml"):
        raise BadInput(f"{output} would not be known as SiGML; give it a name that ends in .sigml.")
    lexicon, unreadable = signs_of(signs)
    if unreadable:
        on_event(LeftOut(f"{count(len(unreadable), 'sign')} of the lexicon left out", unreadable))
    variants = [(gloss, notation) for gloss, notations in lexicon.items() for notation in notations]
    document = to_sigml(variants)
    if output.is_file() and output.read_bytes() != document:
        raise BadInput(f"{output} is there already, with other signs; choose another name, or remove it.")
    with write_whole(output) as partial:
        partial.write_bytes(document)
    return Sigml(output, len(variants))
