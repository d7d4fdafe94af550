"""Notations as SiGML, which signing avatars play.

Of SiGML (Elliott et al., "Linguistic modelling and language-processing technologies for avatar-based sign language
presentation", 2008) this is the part that has HamNoSys as it is written, H-SiGML: an `hns_sign` for each sign, and in
it a tag for each symbol.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from slr_pose.hamnosys.symbols import read_names
from slr_pose.text import in_xml

_OF_AVATARS = {"hamceeopen": "hamcee12open"}  # what CWASA's avatars call a symbol otherwise


def to_sigml(signs: Iterable[tuple[str, str]]) -> bytes:
    """An XML document of signs, in order.

    Args:
        signs: gloss and notation of each, characters or names of symbols. What XML cannot hold of a gloss becomes
            U+FFFD.

    Raises:
        BadInput: a character or a name of a notation is unknown.
    """
    root = ET.Element("sigml")
    for gloss, notation in signs:
        sign = ET.SubElement(root, "hns_sign", gloss=in_xml(gloss))
        ET.SubElement(sign, "hamnosys_nonmanual")
        manual = ET.SubElement(sign, "hamnosys_manual")
        for name in read_names(notation):
            ET.SubElement(manual, _OF_AVATARS.get(name, name))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
