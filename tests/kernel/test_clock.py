"""The one clock: the machine's, or a file that tests and scenarios move for all processes at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import CHINA, FileClock, SystemClock, clock_for
from shared.errors import ConfigInvalid

NAIVE = "fixed 2026-01-23T05:35:00"
MORNING = datetime(2026, 1, 23, 5, 35, tzinfo=CHINA)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("offset 0\n")
    return path


def test_the_system_clock_shows_the_machines_time() -> None:
    before = datetime.now(UTC)
    assert before <= clock_for("system", production=True).now() <= datetime.now(UTC)


def test_a_clock_that_is_set_stands_still(file: Path) -> None:
    clock = FileClock(file)
    clock.set(MORNING)
    assert clock.now() == clock.now() == MORNING
    assert clock.now().utcoffset() == timedelta(0)


def test_a_clock_runs_on_from_a_moment(file: Path) -> None:
    clock = FileClock(file)
    clock.run_from(MORNING)
    first, second = clock.now(), clock.now()
    assert timedelta(0) <= first - MORNING < timedelta(seconds=5)
    assert first < second


def test_k9_every_process_sees_what_one_of_them_sets(file: Path) -> None:
    mine, others = FileClock(file), FileClock(file)
    for days in (3, -2, 400):
        mine.set(MORNING + timedelta(days=days))
        assert others.now() == MORNING + timedelta(days=days)


def test_a_moved_clock_tells_what_it_showed_at_a_machine_time(file: Path) -> None:
    clock = FileClock(file)
    clock.run_from(datetime.now(UTC) + timedelta(days=1))
    then = datetime.now(UTC) - timedelta(hours=1)
    assert abs(clock.at(then) - then - timedelta(days=1)) < timedelta(seconds=1)


def test_a_setting_names_the_clock(file: Path) -> None:
    assert isinstance(clock_for("system", production=False), SystemClock)
    assert isinstance(clock_for(f"file:{file}", production=False), FileClock)


def test_a_file_clock_is_refused_in_production(file: Path) -> None:
    with pytest.raises(ConfigInvalid, match="refused when ENV=prod"):
        clock_for(f"file:{file}", production=True)


@pytest.mark.parametrize("setting", ["", "sundial", "file:", "file"])
def test_an_unknown_clock_is_refused_with_its_remedy(setting: str) -> None:
    with pytest.raises(ConfigInvalid, match="Use 'system' or 'file:<path>'"):
        clock_for(setting, production=False)


@pytest.mark.parametrize("line", ["", "fixed", "fixed soon", "offset", "offset much", "offset inf", "noon", NAIVE])
def test_a_file_that_is_no_clock_is_refused_with_its_remedy(file: Path, line: str) -> None:
    file.write_text(line)
    with pytest.raises(ConfigInvalid, match="It must hold one line"):
        FileClock(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        FileClock(tmp_path / "nowhere")
