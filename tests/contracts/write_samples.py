"""Writes the samples that are missing: `python -m tests.contracts.write_samples`.

A sample that is there is never written again: it is what once was stored, and what every later version must read.
When an event class gets a new schema version, its new sample is added here beside the old one.
"""

from __future__ import annotations

from tests.contracts.stored import SAMPLES, stored_classes


def main() -> None:
    SAMPLES.mkdir(exist_ok=True)
    for stored in stored_classes():
        for name, text in stored.samples().items():
            path = SAMPLES / f"{name}.json"
            if not path.exists():
                path.write_text(f"{text}\n", encoding="utf-8")
                print(path.name)


if __name__ == "__main__":
    main()
