"""Builds the guide as a site and checks each of its links: site.py MDBOOK

The pages link to files of the repository, so the site has the same folders: the pages of SUMMARY.md, and the files below.
"""

import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

# What the pages link to, beside pages.
FILES = ["LICENSE-*", "justfile", "wf-bulk.schema.json", "deploy/*", "docs/*", "playbooks/*", "packaging/*"]
SITE = pathlib.Path("target/site")
BOOK = SITE / "book"


class Page(html.parser.HTMLParser):
    """The places that links can lead to, and the links."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags = set(), [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def gather():
    """Copies what git knows, so that nothing else of this folder is published."""
    shutil.rmtree(SITE, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--", "*.md", *FILES], check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        copy = SITE / "pages" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.suffix == ".md":
            # mdBook makes index.html of a README.md, and leaves the links to it as they are.
            text = pathlib.Path(name).read_text("utf-8")
            copy.write_text(text if name == "SUMMARY.md" else re.sub(r"(\]\([^)]*)\bREADME\.md", r"\1index.md", text))
        else:
            shutil.copyfile(name, copy)


def list_folder(folder):
    """A page for a folder that a page links to: a server of files may show none."""
    title = folder.relative_to(BOOK)
    rows = [f'<li><a href="{path.name}{"/" * path.is_dir()}">{path.name}</a></li>' for path in sorted(folder.iterdir())]
    text = f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n<h1>{title}</h1>\n<ul>\n'
    (folder / "index.html").write_text(text + "\n".join(rows) + "\n</ul></html>\n")


def wrong_links():
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(BOOK.rglob("*.html"))}
    # It is shown at any address.
    pages.pop(BOOK / "404.html", None)
    waiting, wrong, checked = list(pages), [], 0
    while waiting:
        page = waiting.pop()
        for link in pages[page].links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            checked += 1
            target = (page.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page.resolve()
            if not target.is_relative_to(BOOK.resolve()) or not target.exists():
                wrong.append(f"{page}: {link} is not there")
                continue
            target = BOOK / target.relative_to(BOOK.resolve())
            if target.is_dir():
                if not (target / "index.html").exists():
                    list_folder(target)
                target /= "index.html"
            if target.suffix == ".html" and target not in pages:
                pages[target] = Page(target.read_text("utf-8"))
                waiting.append(target)
            if parts.fragment and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
                wrong.append(f"{page}: {link} is no place of that page")
    return wrong, len(pages), checked


gather()
subprocess.run([sys.argv[1], "build"], check=True)
wrong, pages, checked = wrong_links()
if wrong:
    sys.exit("\n".join(wrong))
if pages < 30 or checked < 1000 or not list(BOOK.glob("searchindex*")):
    sys.exit(f"the site has {pages} pages, {checked} links and perhaps no search: it was not built whole")
print(f"{BOOK}: {pages} pages, {checked} links")
