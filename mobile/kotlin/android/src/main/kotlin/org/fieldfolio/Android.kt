// Needs the Android SDK. Not built where it was written.
package org.fieldfolio

import android.content.Context
import java.io.File

/**
 * What Android must be told before anything else is done with the library.
 *
 * Android keeps the certificates it trusts behind Java: the library asks for them through a [Context]. Without [init] the
 * first connection with a school fails.
 */
object Android {
    private var isReady = false

    init {
        System.loadLibrary("fieldfolio")
    }

    /** Call it in `Application.onCreate`. Called again, it does nothing. */
    @Synchronized
    fun init(context: Context) {
        if (isReady) return
        initNative(context.applicationContext)
        isReady = true
    }

    /**
     * A folder for a store. It is left out of the system's backups: the keys in it are this device's, and a store that is
     * restored on a second device would be two devices with one key.
     */
    fun folder(context: Context, name: String = "fieldfolio"): String =
        File(context.applicationContext.noBackupFilesDir, name).path

    @JvmStatic
    private external fun initNative(context: Context)
}
