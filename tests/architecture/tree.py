"""What the tree holds: the files that git knows or would add, and the services among them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Paths relative to the root. A file not yet added counts, so a fault is seen before it is committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    listed = {Path(name) for name in listing.stdout.split("\0") if name}
    return tuple(sorted(path for path in listed if (ROOT / path).is_file()))  # git still lists what was just deleted


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def services() -> list[Path]:
    return [path.parent for path in files() if path.match("services/*/main.py")]


def text_of(path: Path) -> str | None:
    """None for what is not text."""
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
