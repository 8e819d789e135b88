package org.fieldfolio

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

// What changes, as cold flows.
//
// Each collector opens a stream of its own in the library and pulls from it, so nothing is queued here: what changes while
// a collector is busy is told to it as one. When collecting ends, by cancellation, too, the call that waits in the library
// is let go of and the stream is closed. A flow completes when its store is gone.

/** Tells of every change from now on: how often something has changed since the store was opened. */
fun StoreInterface.changes(): Flow<ULong> = flow {
    openChangeStream().use { stream ->
        while (true) emit(stream.next() ?: break)
    }
}

/**
 * What [look] sees now, and then again whenever something has changed: `store.watching { mine() }`.
 *
 * The stream is opened before the first look, so that no change falls between the two. While the store is paused there is
 * nothing to look at; it goes on with the first change after [Store.resume].
 */
fun <T> StoreInterface.watching(look: suspend StoreInterface.() -> T): Flow<T> = flow {
    openChangeStream().use { stream ->
        do {
            // A store that is paused tells of changes later; one that is gone ends the stream.
            val seen = try {
                Seen(look())
            } catch (_: FieldfolioException.Closed) {
                null
            }
            if (seen != null) emit(seen.it)
        } while (stream.next() != null)
    }
}

/** How things stand with the school, first at once and then whenever that changes. */
fun SyncServiceInterface.statuses(): Flow<SyncStatus> = flow {
    openStatusStream().use { stream ->
        while (true) emit(stream.next() ?: break)
    }
}

/** Something that was seen, and may itself be nothing. */
private class Seen<T>(val it: T)
