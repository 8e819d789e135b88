"""The scripts that schools begin with, run as anyone would run them; and what a script may rely on."""

import asyncio
import copy
import csv
import io
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fieldfolio as ff
from conftest import HERE, Stage, run
from fieldfolio import aio


def script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = HERE / "../examples" / f"{name}.py"
    return subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, timeout=120)


def test_a_roster_bulk_evidence_and_an_export_of_a_class(stage: Stage, tmp_path: Path) -> None:
    stage.enrolled("ms-ito").pause()

    rows = list(csv.DictReader(io.StringIO(script("roster", stage.at("ms-ito")).stdout)))
    assert [row["student"] for row in rows] == ["Ada Sample", "Mina Sample", "Otto Sample"]

    shutil.copy(stage.told["photos"][0], tmp_path / "talk.jpg")
    work = tmp_path / "work.csv"
    work.write_text(
        "folio,title,words,day,files\n"
        "Mina Sample/Community garden,A talk,About roots,2026-09-30,talk.jpg\n"
        "Mina Sample/No such project,Lost,,2026-09-30,\n"
        "Otto Sample/Community garden,Digging,Deep,yesterday,\n"
        "Otto Sample/Community garden,Sowing,Beans,2026-10-01,absent.jpg\n"
    )
    bulk = script("bulk_evidence", stage.at("ms-ito"), str(work))
    assert bulk.returncode == 1 and "in step" in bulk.stdout
    named = [line.split(":")[0] for line in bulk.stderr.splitlines()]
    assert named == ["line 3", "line 4", "line 5"], bulk.stderr

    # A spreadsheet of another country, and a line that ends early.
    work.write_text("folio;title;words;day;files\n" + work.read_text().split("\n", 1)[1].replace(",", ";") + "x\n", "utf-8-sig")
    again = script("bulk_evidence", stage.at("ms-ito"), str(work))
    assert again.stdout.startswith("1 there already") and again.stderr.startswith(bulk.stderr), again.stderr
    work.write_text("name,title\n")
    assert "lacks the columns folio, words, day, files" in script("bulk_evidence", stage.at("ms-ito"), str(work)).stderr

    out = tmp_path / "portfolios"
    export = script("export_class", stage.at("ms-ito"), "Science 9", str(out))
    mina = stage.told["people"]["mina"]
    assert f"Mina Sample ({mina}): 1 pieces, 1 files, 0 not here" in export.stdout, export.stderr
    assert "A talk" in (out / mina / "portfolio.json").read_text()
    assert len(list((out / mina / "media").iterdir())) == 1


def test_a_store_is_one_programs_at_a_time(stage: Stage) -> None:
    mina = stage.enrolled("mina")
    refused = script("roster", stage.at("mina"))
    assert refused.returncode == 1 and "is open in another program" in refused.stderr
    mina.pause()
    assert script("roster", stage.at("mina")).returncode == 0
    mina.resume()


def test_a_folder_that_is_copied_meanwhile_stays_one_programs(stage: Stage, tmp_path: Path) -> None:
    mina = stage.enrolled("mina")
    shutil.copytree(mina.folder(), tmp_path / "copy")
    assert "is open in another program" in script("roster", stage.at("mina")).stderr


def test_records_show_what_is_in_them_and_stores_are_not_copied(stage: Stage) -> None:
    mina = stage.enrolled("mina")
    place = mina.places()[0]
    assert "Community garden" in repr(mina.places())
    assert place == copy.deepcopy(place) and place != None and place not in [None, 3]  # noqa: E711
    for whole in (mina, getattr(mina, "_inner"), mina.sync_service()):
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="can't be copied"):
                copied(whole)


def test_a_pipe_is_no_photo(stage: Stage, tmp_path: Path) -> None:
    mina = stage.enrolled("mina")
    os.mkfifo(tmp_path / "pipe.jpg")
    for new in (ff.NewFile(path=str(tmp_path / "pipe.jpg")), ff.NewFile(path=stage.told["photos"][0], poster_path=str(tmp_path / "pipe.jpg"))):
        with pytest.raises(ff.FieldfolioError, match="file 1 was not taken.*not a file"):
            mina.capture(ff.NewEvidence(work_date="2026-05-04", title="Leaf", files=[new]))


def test_many_threads_share_a_store(stage: Stage) -> None:
    mina = stage.enrolled("mina")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: mina.capture(stage.evidence(number % 3)), range(8)))
    assert len({one.piece for one in made}) == len(mina.mine()) == 8


def test_a_wait_that_is_over_raises_and_the_stream_goes_on(stage: Stage) -> None:
    mina = stage.enrolled("mina")
    changes = mina.open_change_stream()
    with pytest.raises(TimeoutError):
        changes.next(timeout=0.01)
    mina.capture(ff.NewEvidence(work_date="2026-05-04", title="Leaf", folios=[stage.told["folios"]["mina/community-garden"]]))
    assert changes.next(timeout=5)


def test_asyncio_has_the_same_and_a_cancelled_run_ends(stage: Stage) -> None:
    async def walk() -> ff.SyncEnd:
        library = aio.Fieldfolio(ff.Config(log_level=ff.LogLevel.OFF))
        store = await library.enrol(stage.link("lea"), stage.at("lea"))
        sync = store.sync_service()
        begun = asyncio.create_task(sync.run(ff.SyncBudget(seconds=600)))
        await asyncio.sleep(0)
        begun.cancel()
        with pytest.raises(asyncio.CancelledError):
            await begun
        return (await sync.run(ff.SyncBudget(seconds=60))).end

    assert asyncio.run(walk()) == ff.SyncEnd.IN_STEP


def test_errors_say_why_in_their_text(stage: Stage) -> None:
    with pytest.raises(ff.FieldfolioError) as error:
        stage.library.open(stage.at("nowhere"))
    assert isinstance(error.value, ff.FieldfolioError.Missing)
    assert str(error.value) == error.value.reason
    assert "enrol this device first" in str(error.value)
    mina = stage.enrolled("mina")
    assert run(mina) == ff.SyncEnd.IN_STEP


@pytest.mark.parametrize("last", ["with ff.Fieldfolio().open(folder) as store: store.mine()", "asyncio.run(awaited())"])
def test_a_script_that_is_done_ends_without_a_word(stage: Stage, last: str) -> None:
    """The core's threads are still on their way back from the last call: each fifth of these was once aborted."""
    mina = stage.enrolled("mina")
    mina.pause()
    lines = [
        "import asyncio, sys, fieldfolio as ff",
        "from fieldfolio import aio",
        "folder = sys.argv[1]",
        "async def awaited():",
        "    store = await aio.Fieldfolio(ff.Config(log_level=ff.LogLevel.DEBUG)).open(folder)",
        "    store.sync_service().go_live()",
        "    await store.mine()",
        last,
    ]
    ends = [ended("\n".join(lines), stage.at("mina")) for _ in range(20)]
    assert ends == [(0, "", "")] * 20


@pytest.mark.parametrize("call", ["store.mine()", "asyncio.run(inner.mine())"])
def test_a_forked_process_is_told_and_ends(stage: Stage, call: str) -> None:
    mina = stage.enrolled("mina")
    mina.pause()
    lines = [
        "import asyncio, os, sys, fieldfolio as ff",
        "with ff.Fieldfolio().open(sys.argv[1]) as store:",
        "    inner, child = store._inner, os.fork()",
        "    if not child:",
        f"        try: {call}",
        "        except RuntimeError as error: print(error)",
        "        sys.exit()",
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
    ]
    done = ended("\n".join(lines), stage.at("mina"))
    assert done[0] == 0 and "open a store in one of them" in done[1], done[2]


def test_whoever_calls_too_late_is_told(stage: Stage) -> None:
    mina = stage.enrolled("mina")
    mina.pause()
    lines = [
        "import atexit, sys, threading",
        "def late():",
        "    try: store.mine()",
        "    except RuntimeError as error: print(error)",
        "atexit.register(late)",
        "import fieldfolio as ff",
        "store = ff.Fieldfolio().open(sys.argv[1])",
        "def on():",
        "    try:",
        "        while True: store.mine()",
        "    except BaseException: pass",
        "for _ in range(4): threading.Thread(target=on, daemon=True).start()",
    ]
    for _ in range(8):
        done = ended("\n".join(lines), stage.at("mina"))
        assert done[0] == 0 and "the program is ending" in done[1], done


def ended(code: str, folder: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr
