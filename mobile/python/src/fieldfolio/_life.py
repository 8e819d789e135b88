"""When the core may not be called: in a process that was forked from one that works with it, and while Python ends."""

import os

from . import _core

is_used = False
is_left_behind = False
is_over = False

_call = _core._uniffi_rust_call_async


def check():
    if is_left_behind:
        raise RuntimeError(
            "this process was forked from one that works with fieldfolio, whose threads stayed there: "
            "start processes with multiprocessing's 'spawn', and open a store in one of them"
        )
    if is_over:
        raise RuntimeError("the program is ending: fieldfolio is called before that, or not at all")


async def _checked(*args):
    global is_used
    check()
    is_used = True
    return await _call(*args)


def _leave_behind():
    global is_left_behind
    is_left_behind = is_used


_core._uniffi_rust_call_async = _checked
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)
