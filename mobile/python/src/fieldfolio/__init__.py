"""Fieldfolio for scripts: one person's work on this machine, in step with her school.

    import fieldfolio as ff

    library = ff.Fieldfolio()
    with library.enrol("https://…/#join=…", "ms-ito") as store:
        store.sync_service().run(ff.SyncBudget(seconds=60))
        for row in store.review_queue():
            print(row.student_name, row.piece.title)

Every call here returns when it is done. `fieldfolio.aio` has the same for asyncio. Records are plain objects with typed
fields; ids and days are text, moments are milliseconds since 1970. What can't be done raises a case of `FieldfolioError`
whose text says why.
"""

import dataclasses

from . import _core, aio
from ._core import *  # noqa: F403 - every record and every word of the core

# After the core's own: those are for asyncio, and `fieldfolio.aio` has them.
from ._blocking import ChangeStream, Fieldfolio, StatusStream, Store, SyncService

# What ids, days and hashes are called in types.
_texts = {name: kind for name, kind in vars(_core).items() if kind is str and name.endswith(("Id", "WorkDate", "BlobHash"))}
globals().update(_texts)

__all__ = ["aio", *_texts] + [
    name
    for name in _core.__all__
    if not name.endswith(("Protocol", "SinkImpl")) and name != _core.shutdown.__name__
]


def _reason(self):
    return self.reason


for _case in vars(_core.FieldfolioError).values():
    if isinstance(_case, type) and issubclass(_case, Exception):
        _case.__str__ = _reason
del _case


def _same(eq):
    return lambda self, other: eq(self, other) if type(other) is type(self) else NotImplemented


def _stays(self, protocol=None):
    raise TypeError(f"a {type(self).__name__} can't be copied or pickled: open its store where it is needed")


for _record in vars(_core).values():
    if not isinstance(_record, type):
        continue
    if dataclasses.is_dataclass(_record):
        # Else a list of records is printed without what is in them, and compared with nothing at all.
        _record.__repr__, _record.__eq__ = _record.__str__, _same(_record.__eq__)
    if hasattr(_record, "_uniffi_clone_handle"):
        _record.__reduce_ex__ = _stays
for _waiting in (ChangeStream, Fieldfolio, StatusStream, Store, SyncService):
    _waiting.__reduce_ex__ = _stays
del _record, _waiting
