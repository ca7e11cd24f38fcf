"""Build the site of the docs with search, in dist/site: `make docs`.

Copies docs to dist/docs with the README as its first page. A link to a file outside the docs becomes the file's name there. A page that
names a file that does not exist, and a link or an anchor that the site's builder does not find, end the build.
"""

# ruff: noqa: INP001, S603 - a script, not a package; it starts the site's builder
from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES, SITE = ROOT / "dist" / "docs", ROOT / "dist" / "site"
CONFIG = ROOT / "dist" / "zensical.toml"
_LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
TITLES = {"adr": "Decisions", "runbooks": "Runbooks", "hosts": "Hosts"}
FIRST_PAGES = ("demo", "deploying", "settings", "backups", "replaying", "architecture", "glossary")


def main() -> None:
    """Copy, check, build. Exits with the builder's code, or with 1 where a link leads nowhere."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    faults: list[str] = []
    sources = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for source in sources:
        target = PAGES / (source.relative_to(ROOT / "docs") if source.is_relative_to(ROOT / "docs") else "index.md")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_rewrite_page(source, faults), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "pictures", PAGES / "pictures")
    if faults:
        sys.exit("\n".join(faults))
    CONFIG.write_text(_write_config(), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", str(CONFIG)]
    sys.exit(subprocess.run(command, check=False).returncode)


def _rewrite_page(source: Path, faults: list[str]) -> str:
    parts = _FENCE.split(source.read_text(encoding="utf-8"))
    return "".join(
        part if part.startswith("```") else _LINK.sub(lambda found: _rewrite_link(found, source, faults), part)
        for part in parts
    )


def _rewrite_link(found: re.Match[str], source: Path, faults: list[str]) -> str:
    text, path, anchor = found.groups()
    target = (source.parent / path).resolve()
    if not target.exists():
        faults.append(f"{source.relative_to(ROOT)}: {path} leads nowhere")
    if target == ROOT / "README.md":
        target = ROOT / "docs" / "index.md"
    if target.is_relative_to(ROOT / "docs") and target.suffix in {".md", ".png"}:
        folder = ROOT / "docs" if source.name == "README.md" and source.parent == ROOT else source.parent
        return f"[{text}]({_make_relative(target, folder)}{anchor or ''})"
    name = target.relative_to(ROOT).as_posix()
    return text if text.strip("`") == name else f"{text} (`{name}`)"


def _make_relative(target: Path, folder: Path) -> str:
    ups = 0
    while not target.is_relative_to(folder):
        folder, ups = folder.parent, ups + 1
    return "../" * ups + target.relative_to(folder).as_posix()


def _write_config() -> str:
    """Return the builder's configuration, with every page in the navigation."""
    others = sorted(each.stem for each in PAGES.glob("*.md") if each.stem not in {*FIRST_PAGES, "index"})
    nav = [f'"{name}.md"' for name in ("index", *FIRST_PAGES, *others) if (PAGES / f"{name}.md").exists()]
    for folder, title in TITLES.items():
        pages = sorted((PAGES / folder).glob("*.md"), key=lambda each: (each.stem != "README", each.stem))
        names = ", ".join(json.dumps(f"{folder}/{each.name}") for each in pages)
        nav.append(f'{{ "{title}" = [{names}] }}')
    return f"""[project]
site_name = "Shopify compliance bridge"
docs_dir = "docs"
site_dir = "site"
use_directory_urls = false
nav = [{", ".join(nav)}]

[project.theme]
font = false
features = ["navigation.sections", "navigation.top", "search.highlight", "content.code.copy"]
"""


if __name__ == "__main__":
    main()
