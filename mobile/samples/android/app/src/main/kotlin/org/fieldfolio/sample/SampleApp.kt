package org.fieldfolio.sample

import android.app.Application
import androidx.lifecycle.*
import kotlinx.coroutines.*
import kotlinx.coroutines.flow.*
import org.fieldfolio.*
import org.fieldfolio.recipes.*
import org.fieldfolio.sample.model.SignedIn

class SampleApp : Application(), KeepsStore {
    lateinit var signedIn: SignedIn
        private set

    override fun onCreate() {
        super.onCreate()
        Android.init(this)
        signedIn = SignedIn(Fieldfolio(Config(LogLevel.OFF)), Android.folder(this))
        ProcessLifecycleOwner.get().lifecycleScope.launch {
            // What can't be opened is shown by the first screen, which tries it, too.
            attempt { signedIn.open() }
            signedIn.awake.collectLatest { awake ->
                if (awake == null) {
                    if (!signedIn.isSomebody()) SyncWorker.stop(this@SampleApp)
                    return@collectLatest
                }
                SyncWorker.keepSyncing(this@SampleApp)
                val live = keepLiveInForeground(this@SampleApp, awake) { signedIn.problem.value = it }
                try {
                    awaitCancellation()
                } finally {
                    live.cancel()
                }
            }
        }
    }

    override suspend fun awake(): Awake? = signedIn.open()
}
