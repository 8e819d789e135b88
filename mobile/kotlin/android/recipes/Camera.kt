// A recipe: copy it into an app, or build it with one as mobile/samples/android does.
// Needs the Android SDK, androidx.activity, androidx.core and Compose. Not built where it was written.
package org.fieldfolio.recipes

import android.content.ActivityNotFoundException
import android.content.Context
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.TakePicture
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import androidx.core.content.FileProvider
import java.io.File
import java.util.UUID

/**
 * Takes a photo with the camera app, and hands over where it lies: `NewFile(path = photo.path)` for `Store.capture`, which
 * reads it there and keeps a copy without place and device. Delete the file once it is captured: it still tells both.
 *
 * The app's manifest declares a `FileProvider` of the authority `${applicationId}.captures` for `files-path` "captures/". An
 * app that declares the permission CAMERA must ask for it first; one that does not need not. [onNone] hears of a phone
 * without a camera app.
 */
@Composable
fun rememberCamera(onNone: () -> Unit, onTaken: (File) -> Unit): () -> Unit {
    val context = LocalContext.current
    // The system may end this app while the camera's is in front: where the photo is to lie is remembered.
    var path by rememberSaveable { mutableStateOf<String?>(null) }
    val camera = rememberLauncherForActivityResult(TakePicture()) { isTaken ->
        val photo = path?.let(::File)
        path = null
        if (isTaken && photo != null) onTaken(photo) else photo?.delete()
    }
    return {
        val photo = newPhoto(context)
        path = photo.path
        try {
            camera.launch(FileProvider.getUriForFile(context, "${context.packageName}.captures", photo))
        } catch (_: ActivityNotFoundException) {
            path = null
            onNone()
        }
    }
}

/** A photo that was taken and neither kept nor thrown away, because the app was ended: offer it when the app is opened. */
fun leftPhoto(context: Context): File? =
    folder(context).listFiles()?.filter { it.length() > 0 }?.minByOrNull { it.lastModified() }

private fun newPhoto(context: Context): File {
    val folder = folder(context).apply { mkdirs() }
    return File(folder, "${UUID.randomUUID()}.jpg")
}

private fun folder(context: Context) = File(context.filesDir, "captures")
