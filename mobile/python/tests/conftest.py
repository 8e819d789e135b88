"""The stage that a journey is played on: a school with a relay that runs, behind a web server of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fieldfolio as ff

HERE = Path(__file__).resolve().parent
STAGE = Path(os.environ.get("FIELDFOLIO_STAGE", HERE / "../../../target/debug/fieldfolio-journey"))


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: dict[str, Any] = json.loads((HERE / "../../journey.json").read_text())
        self.process = subprocess.Popen([STAGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told: dict[str, Any] = json.loads(self._line())
        self.library = ff.Fieldfolio()

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the stage said nothing: build fieldfolio and fieldfolio-journey first"
        return line

    def network(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        assert self._line().strip() == "done"

    def link(self, device: str) -> str:
        return str(self.told["links"][device])

    def at(self, name: str) -> str:
        return str(self.folder / name)

    def enrolled(self, device: str) -> ff.Store:
        store = self.library.enrol(self.link(device), self.at(device))
        assert run(store) == ff.SyncEnd.IN_STEP
        return store

    def evidence(self, number: int) -> ff.NewEvidence:
        piece = self.words["pieces"][number]
        return ff.NewEvidence(
            title=piece["title"],
            words=piece["words"],
            work_date=piece["work_date"],
            outcomes=[self.told["outcomes"][self.words["outcome"]]],
            folios=[self.told["folios"][piece["folio"]]],
            audience=[ff.Role.OWNER, ff.Role.TEACHER, ff.Role.MENTOR, ff.Role.GUARDIAN],
            files=[ff.NewFile(path=self.told["photos"][piece["photo"]], alt=piece["alt"])],
        )

    def end(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def run(store: ff.Store, seconds: int = 60) -> ff.SyncEnd:
    return store.sync_service().run(ff.SyncBudget(seconds=seconds)).end


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.end()
