"""What an app waits for, through the bindings, on this machine: CPU time of this process in milliseconds, the least of some.

    python bench.py FOLDER

FOLDER is made by `fieldfolio-journey --store FOLDER 300`.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fieldfolio as ff


def least(times: int, work: Callable[[], object]) -> float:
    """CPU milliseconds of the quickest of so many, all threads together."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) * 1000)
    return min(found)


def bench(folder: Path) -> None:
    library = ff.Fieldfolio(ff.Config(log_level=ff.LogLevel.OFF))
    copy = folder / "python"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "store", copy)
    began = time.process_time()
    store = library.open(str(copy))
    first = (time.process_time() - began) * 1000
    count = len(store.mine())
    folios = store.folios()

    def again() -> None:
        store.pause()
        store.resume()

    photo = ff.NewFile(path=str(folder / "photo.jpg"))
    figures = {
        f"open a store of {count} pieces, first": first,
        "pause and resume": least(10, again),
        f"list of {count}": least(20, store.mine),
        "folios": least(20, store.folios),
        "one folio with its pieces": least(20, lambda: store.folio(folios[1].folio)),
        "who I am": least(20, store.me),
        "capture of a photo of 4 MB": least(
            5, lambda: store.capture(ff.NewEvidence(work_date="2026-05-04", title="Leaf", files=[photo], folios=[folios[1].folio]))
        ),
        "capture of words": least(
            20, lambda: store.capture(ff.NewEvidence(work_date="2026-05-04", title="Leaf", words="Green", folios=[folios[1].folio]))
        ),
    }
    for name, milliseconds in figures.items():
        print(f"Python: {name:45} {milliseconds:8.1f} ms")
    store.wipe()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    bench(Path(sys.argv[1]))
