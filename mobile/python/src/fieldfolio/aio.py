"""Fieldfolio for asyncio: the same records, and calls that are awaited. A task that is cancelled ends the run it waits
for; what was begun on this machine is finished all the same."""

from ._core import ChangeStream, Fieldfolio, StatusStream, Store, SyncService

__all__ = ["ChangeStream", "Fieldfolio", "StatusStream", "Store", "SyncService"]
