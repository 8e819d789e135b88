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

from . import _core
from ._core import *  # noqa: F403 - every record and every word of the core

# After the core's own: those are for asyncio, and `fieldfolio.aio` has them.
from ._blocking import ChangeStream, Fieldfolio, StatusStream, Store, SyncService

__all__ = [
    name
    for name in _core.__all__
    if not name.endswith(("Protocol", "SinkImpl")) and name != _core.come_to_rest.__name__
]


def _reason(self):
    return self.reason


for _case in vars(_core.FieldfolioError).values():
    if isinstance(_case, type) and issubclass(_case, Exception):
        _case.__str__ = _reason
del _case

for _record in vars(_core).values():
    # Else a list of records is printed without what is in them.
    if isinstance(_record, type) and dataclasses.is_dataclass(_record):
        _record.__repr__ = _record.__str__
del _record
