package org.fieldfolio

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

// Moving bytes, with Kotlin's own durations.

/**
 * Syncs until nothing is left to do or [within] is over; see [SyncService.run]. Cancelling the coroutine ends it in the
 * library, too: what was acknowledged stays so, and the next run goes on from there.
 */
suspend fun SyncServiceInterface.run(within: Duration): SyncReport = run(SyncBudget(within.wholeSecondsUp()))

/** How much of the queue's files has left, from 0 to 1; nothing while no file waits. */
val SyncStatus.progress: Float?
    get() = if (size == 0uL) null else (sent.toDouble() / size.toDouble()).toFloat()

/** Logging out once everything is sent, for which it waits so long at most. */
fun LogOut.Companion.sendFirst(within: Duration): LogOut = LogOut.SendFirst(within.wholeSecondsUp())

/** The library counts whole seconds: half a one is still some time, and none is none. */
private fun Duration.wholeSecondsUp(): UInt {
    val whole = inWholeSeconds.coerceIn(0, UInt.MAX_VALUE.toLong())
    val isMore = this > whole.seconds && whole < UInt.MAX_VALUE.toLong()
    return (if (isMore) whole + 1 else whole).toUInt()
}
