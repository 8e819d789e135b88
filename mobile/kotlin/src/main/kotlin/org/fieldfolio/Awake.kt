package org.fieldfolio

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * Keeps a store awake while anybody needs it, and paused otherwise.
 *
 * An app in the background should hold neither files nor a network, but a screen that goes must not pause the store under
 * a worker that syncs, nor the other way round. So each of them works inside [during]; the first resumes the store, and the
 * last pauses it. Make one of these for a store, and leave [StoreInterface.pause] and [StoreInterface.resume] to it.
 */
class Awake(val store: StoreInterface) {
    private val door = Mutex()
    private var inside = 0

    /** Does something with the store awake, and lets it sleep when nobody else needs it. */
    suspend fun <T> during(work: suspend (StoreInterface) -> T): T {
        // Whoever is cancelled while the door opens still closes it behind them.
        withContext(NonCancellable) {
            door.withLock {
                if (inside == 0 && store.isPaused()) store.resume()
                inside++
            }
        }
        try {
            return work(store)
        } finally {
            withContext(NonCancellable) {
                // What can't be written back is in the store's log all the same, and the store is closed.
                door.withLock { if (--inside == 0) attempt { store.pause() } }
            }
        }
    }
}
