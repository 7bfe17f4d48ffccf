"""What a reader is sent to is there."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, files, text_of

PAGES = [path for path in files() if path.suffix == ".md"]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
DECISIONS = Path("docs/decisions")


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = [
        f"{page}: {target}"
        for page in PAGES
        for target in LINK.findall(text_of(page) or "")
        if not (ROOT / page.parent / target).exists()
    ]
    assert dead == []


def test_every_decision_is_listed_with_its_title() -> None:
    listed = dict(re.findall(r"\| \[\d{4}\]\((\S+)\) \| (.+?) \|", text_of(DECISIONS / "README.md") or ""))
    pages = [page for page in PAGES if page.parent == DECISIONS and page.name != "README.md"]
    titles = {page.name: (text_of(page) or "").splitlines()[0].partition(": ")[2] for page in pages}
    assert listed == titles


def test_every_decision_has_context_choice_and_price() -> None:
    pages = [page for page in PAGES if page.parent == DECISIONS and page.name != "README.md"]
    headings = {page.name: re.findall(r"^## (.+)$", text_of(page) or "", re.MULTILINE) for page in pages}
    assert [name for name, found in headings.items() if found != ["Context", "Choice", "Price"]] == []


def test_every_make_verb_that_a_page_names_exists() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", text_of(Path("Makefile")) or "", re.MULTILINE))
    named = {verb for page in PAGES for verb in re.findall(r"`make ([a-z-]+)[^`]*`", text_of(page) or "")}
    assert named
    assert named - verbs == set()
