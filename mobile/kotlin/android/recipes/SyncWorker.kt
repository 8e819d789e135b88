// A recipe: copy it into an app, or build it with one as mobile/samples/android does.
// Needs the Android SDK, androidx.work and androidx.core. Not built where it was written.
package org.fieldfolio.recipes

import android.content.Context
import android.net.ConnectivityManager
import androidx.core.app.NotificationChannelCompat
import androidx.core.app.NotificationCompat
import androidx.core.app.NotificationManagerCompat
import androidx.work.BackoffPolicy
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.ExistingWorkPolicy
import androidx.work.ForegroundInfo
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.OutOfQuotaPolicy
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.minutes
import org.fieldfolio.Attempt
import org.fieldfolio.Awake
import org.fieldfolio.Problem
import org.fieldfolio.SyncEnd
import org.fieldfolio.attempt
import org.fieldfolio.run

/** An `Application` that knows the store of whoever is signed in; nobody for none. */
interface KeepsStore {
    suspend fun awake(): Awake?
}

/**
 * Moves bytes in the background.
 *
 * When WorkManager stops a worker (the network went, the time is over), it cancels the coroutine of [doWork], and with it
 * the run in the library: there is nothing more to do in `onStopped`. What was acknowledged stays so.
 */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val manager = applicationContext.getSystemService(ConnectivityManager::class.java)
        val ran = attempt {
            val awake = (applicationContext as KeepsStore).awake() ?: return Result.success()
            awake.during { store ->
                store.syncService().use { sync ->
                    sync.setMetered(manager.isActiveNetworkMetered)
                    sync.run(BUDGET)
                }
            }
        }
        return when (ran) {
            is Attempt.Done -> when (ran.value.end) {
                // Locked out: the next time the app is opened it says so.
                SyncEnd.IN_STEP, SyncEnd.LOCKED, SyncEnd.CANCELLED -> Result.success()
                SyncEnd.OFFLINE, SyncEnd.OUT_OF_TIME -> Result.retry()
            }
            is Attempt.NotDone -> if (ran.problem is Problem.RetryLater) Result.retry() else Result.failure()
        }
    }

    /** Before Android 12 expedited work is a foreground service, which must show that it runs. */
    override suspend fun getForegroundInfo(): ForegroundInfo {
        val channel = NotificationChannelCompat.Builder(CHANNEL, NotificationManagerCompat.IMPORTANCE_LOW)
        NotificationManagerCompat.from(applicationContext)
            .createNotificationChannel(channel.setName("Sending work to the school").build())
        val notification = NotificationCompat.Builder(applicationContext, CHANNEL)
            .setSmallIcon(android.R.drawable.stat_sys_upload)
            .setContentTitle("Sending work to the school")
            .setOngoing(true)
            .build()
        return ForegroundInfo(NOTIFICATION, notification)
    }

    companion object {
        /** A worker has ten minutes; one of them is for ending well. */
        private val BUDGET = 9.minutes
        private const val CHANNEL = "fieldfolio-sync"
        private const val NOTIFICATION = 1
        private val whenOnline = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()

        /** From time to time, whether or not the app is opened. Call it when somebody has signed in. */
        fun keepSyncing(context: Context) {
            val work = PeriodicWorkRequestBuilder<SyncWorker>(1, TimeUnit.HOURS).setConstraints(whenOnline).build()
            WorkManager.getInstance(context)
                .enqueueUniquePeriodicWork("fieldfolio-keep-syncing", ExistingPeriodicWorkPolicy.KEEP, work)
        }

        /** As soon as there is a network. Call it when the app leaves the foreground with something unsent. */
        fun syncSoon(context: Context) {
            val work = OneTimeWorkRequestBuilder<SyncWorker>()
                .setConstraints(whenOnline)
                // A film that takes longer than a run is no failure: it goes on soon.
                .setBackoffCriteria(BackoffPolicy.LINEAR, 30, TimeUnit.SECONDS)
                .setExpedited(OutOfQuotaPolicy.RUN_AS_NON_EXPEDITED_WORK_REQUEST)
                .build()
            // One that waits or runs takes along whatever is captured meanwhile.
            WorkManager.getInstance(context).enqueueUniqueWork("fieldfolio-sync-soon", ExistingWorkPolicy.KEEP, work)
        }

        /** Nobody is signed in any more. */
        fun stop(context: Context) {
            WorkManager.getInstance(context).cancelUniqueWork("fieldfolio-keep-syncing")
            WorkManager.getInstance(context).cancelUniqueWork("fieldfolio-sync-soon")
        }
    }
}
