"""A page as a browser and a screen reader meet it, for tests."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "img", "input", "link", "line", "circle", "polyline"}


class Page(HTMLParser):
    """Parses a page of ours, and refuses what no page of ours may have.

    Attributes:
        tags: each with its attributes, in order.
        text: what stands in it, without scripts and styles.
        reel: the clips that it plays.
    """

    def __init__(self, file: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.scripts, self._open = "", [], []
        self.feed(file.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, "a tag is not closed"
        self.reel = json.loads(next(iter(self._of("application/json")), "null"))

    def handle_starttag(self, tag, attributes):
        assert not any(name.startswith("on") for name, _ in attributes), attributes
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append([dict(attributes).get("type"), ""])
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self._open[-1:] == ["script"]:
            self.scripts[-1][1] += data
        elif self._open[-1:] != ["style"]:
            self.text += data

    def _of(self, kind: str | None) -> list[str]:
        return [text for each, text in self.scripts if each == kind]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all tags of a name."""
        return [attributes for each, attributes in self.tags if each == tag]

    def refuse_what_is_not_ours(self) -> None:
        """Nothing is loaded from elsewhere, and no script runs but the one whose hash the policy names."""
        policy = next(each["content"] for each in self.all("meta") if "http-equiv" in each)
        assert policy.startswith("default-src 'none'; ") and "http:" not in policy and "https:" not in policy
        allowed = re.search(r"script-src 'sha256-([^']+)'", policy)[1]
        for text in self._of(None):
            assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() == allowed
        assert not {tag for tag, _ in self.tags} & {"iframe", "object", "embed", "link", "form", "base", "img"}
        for _, attributes in self.tags:
            assert "src" not in attributes and (attributes.get("href") or "#").startswith("#")

    def refuse_what_a_screen_reader_trips_over(self) -> None:
        """One main heading, no level left out; pictures and buttons have words; the heads of tables have a scope."""
        assert self.all("html")[0]["lang"] == "en" and len(self.all("main")) == 1
        levels = [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
        for drawn in [*self.all("svg"), *self.all("canvas")]:
            assert drawn["role"] == "img" and drawn["aria-label"]
        assert all(each["scope"] in ("row", "col") for each in self.all("th"))
        ids = [attributes["id"] for _, attributes in self.tags if attributes.get("id")]
        assert len(ids) == len(set(ids))
