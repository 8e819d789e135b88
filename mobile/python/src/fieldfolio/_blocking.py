"""What `fieldfolio.aio` does, for scripts that wait: the calls run on one thread of their own, and each returns when its
answer is here. An interrupted call is cancelled."""

import asyncio
import atexit
import concurrent.futures
import inspect
import logging
import os
import threading

from . import _core, _life

_LEVELS = {
    _core.LogLevel.ERROR: logging.ERROR,
    _core.LogLevel.INFO: logging.INFO,
    _core.LogLevel.DEBUG: logging.DEBUG,
}


class _Loop:
    """The thread on which everything runs, begun with the first call."""

    def __init__(self):
        self._lock = threading.Lock()
        self._loop = None
        self._thread = None

    def run(self, awaited, timeout=None):
        with self._lock:
            try:
                _life.check()
            except RuntimeError:
                awaited.close()
                raise
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="fieldfolio", daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(awaited, self._loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            # Before Python 3.11 that is another class.
            raise TimeoutError from None
        except BaseException:
            future.cancel()
            raise

    def end(self):
        """Ends what still waits, and every thread. One of the core's that was still in a callback when Python ends would
        take the process down with it."""
        with self._lock:
            _life.is_over = True
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_given_up(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
        _core.shutdown()

    def leave_behind(self):
        """A fork has no thread but the one that forked."""
        self._lock, self._loop = threading.Lock(), None


async def _given_up():
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


_LOOP = _Loop()
atexit.register(_LOOP.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LOOP.leave_behind)


class _ToLogging(_core.LogSink):
    """Hands log lines to Python's own logging, under the name "fieldfolio"."""

    def log(self, level, line):
        logging.getLogger("fieldfolio").log(_LEVELS.get(level, logging.DEBUG), line)


def _handed_out(answer):
    blocking = _BLOCKING.get(type(answer))
    if blocking is not None:
        return blocking._around(answer)
    if isinstance(answer, _core.Salvage):
        answer.store = Store._around(answer.store)
    return answer


class _Around:
    """Something of `fieldfolio.aio`, waited for."""

    @classmethod
    def _around(cls, inner):
        made = cls.__new__(cls)
        made._inner = inner
        return made


def _method(name, like):
    waits = inspect.iscoroutinefunction(like)

    def call(self, *args, **kwargs):
        answer = getattr(self._inner, name)(*args, **kwargs)
        return _handed_out(_LOOP.run(answer) if waits else answer)

    call.__name__, call.__doc__, call.__signature__ = name, like.__doc__, inspect.signature(like)
    return call


def _waiting(cls):
    """Gives a class every method of its namesake in `fieldfolio.aio` that it does not have itself."""
    like = getattr(_core, cls.__name__)
    for name, member in vars(like).items():
        if not name.startswith("_") and not hasattr(cls, name):
            setattr(cls, name, _method(name, member))
    cls.__doc__ = cls.__doc__ or like.__doc__
    return cls


@_waiting
class Fieldfolio(_Around):
    def __init__(self, config=None):
        """Sets the library up; what it says of itself goes to Python's logging, unless `config` says otherwise."""
        if config is None:
            level = logging.getLogger("fieldfolio").getEffectiveLevel()
            loud = [ours for ours, theirs in _LEVELS.items() if theirs >= level]
            log_level = max(loud, key=lambda ours: ours.value, default=_core.LogLevel.OFF)
            config = _core.Config(log_level=log_level, log_sink=_ToLogging())
        self._inner = _core.Fieldfolio(config)

    def open(self, folder):
        store = Store._around(_LOOP.run(self._inner.open(folder)))
        # What is open in this program already may be paused.
        store.resume()
        return store

    open.__doc__ = _core.Fieldfolio.open.__doc__


@_waiting
class Store(_Around):
    def __enter__(self):
        # Another block of the same script may have paused it.
        self.resume()
        return self

    def __exit__(self, *_):
        # A process that was forked inside the block has nothing to pause.
        if not _life.is_left_behind:
            self.pause()


@_waiting
class SyncService(_Around):
    pass


class _Stream(_Around):
    def next(self, timeout=None):
        """Waits for what comes next, for so many seconds; raises `TimeoutError` after that. None at the end."""
        return _LOOP.run(self._inner.next(), timeout)

    def __iter__(self):
        while (told := self.next()) is not None:
            yield told


@_waiting
class ChangeStream(_Stream):
    pass


@_waiting
class StatusStream(_Stream):
    pass


_BLOCKING = {
    getattr(_core, cls.__name__): cls for cls in (Fieldfolio, Store, SyncService, ChangeStream, StatusStream)
}
