// A recipe: copy it into an app, or build it with one as mobile/samples/android does.
// Needs the Android SDK and androidx.lifecycle. Not built where it was written.
package org.fieldfolio.recipes

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import androidx.lifecycle.Lifecycle
import androidx.lifecycle.ProcessLifecycleOwner
import androidx.lifecycle.lifecycleScope
import androidx.lifecycle.repeatOnLifecycle
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.launch
import org.fieldfolio.Awake
import org.fieldfolio.Problem
import org.fieldfolio.attempt
import org.fieldfolio.orElse

/**
 * Keeps a store in step while any screen of the app is visible: news come as they commit, and what is captured leaves at
 * once. When the last screen has gone, the live line is closed, the store is paused, and a worker sends the rest.
 *
 * A store that can't be opened is told to [onProblem]: the screens, which only watch it, would show nothing. Cancel what
 * comes back when somebody signs out.
 */
fun keepLiveInForeground(context: Context, awake: Awake, onProblem: (Problem) -> Unit): Job {
    val app = ProcessLifecycleOwner.get()
    return app.lifecycleScope.launch {
        app.lifecycle.repeatOnLifecycle(Lifecycle.State.STARTED) {
            try {
                attempt { live(context, awake) }.orElse(onProblem)
            } finally {
                SyncWorker.syncSoon(context)
            }
        }
    }
}

/** Live until it is cancelled. */
private suspend fun live(context: Context, awake: Awake) {
    awake.during { store ->
        store.syncService().use { sync ->
            sync.goLive()
            try {
                context.line().collectLatest { line ->
                    if (line == null) return@collectLatest
                    attempt {
                        sync.setMetered(line.isMetered)
                        // Another network is another chance: nothing waits for its time any more.
                        sync.retry()
                    }
                }
            } finally {
                sync.stopLive()
            }
        }
    }
}

/** The network that is used, and whether it is paid by the byte. */
private data class Line(val network: Network, val isMetered: Boolean)

/** The network as it changes; nothing while there is none. */
private fun Context.line(): Flow<Line?> = callbackFlow {
    val manager = getSystemService(ConnectivityManager::class.java)
    val callback = object : ConnectivityManager.NetworkCallback() {
        override fun onCapabilitiesChanged(network: Network, capabilities: NetworkCapabilities) {
            val isFree = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
            trySend(Line(network, !isFree))
        }

        override fun onLost(network: Network) {
            trySend(null)
        }
    }
    manager.registerDefaultNetworkCallback(callback)
    awaitClose { manager.unregisterNetworkCallback(callback) }
}.conflate().distinctUntilChanged()
