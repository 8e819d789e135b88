package org.fieldfolio.sample.ui

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.*
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import java.io.File
import org.fieldfolio.*
import org.fieldfolio.recipes.*
import org.fieldfolio.sample.model.PortfolioModel

@Composable
fun PortfolioScreen(model: PortfolioModel, onLogOut: () -> Unit) {
    val state by model.state.collectAsStateWithLifecycle()
    val context = LocalContext.current
    var photo by rememberSaveable { mutableStateOf<String?>(null) }
    var isKeeping by remember { mutableStateOf(false) }
    var hasNoCamera by remember { mutableStateOf(false) }
    val takePhoto = rememberCamera(onNone = { hasNoCamera = true }) { photo = it.path }
    LaunchedEffect(Unit) { if (photo == null) photo = leftPhoto(context)?.path }

    val open = state.open
    if (open != null) {
        BackHandler { model.open(null) }
        PieceScreen(open, model)
    } else {
        Scaffold(
            floatingActionButton = { ExtendedFloatingActionButton(onClick = takePhoto) { Text("Show my work") } },
        ) { padding ->
            LazyColumn(contentPadding = padding) {
                item {
                    ListItem(
                        headlineContent = { Text(state.name, style = MaterialTheme.typography.headlineSmall) },
                        trailingContent = { TextButton(onClick = onLogOut) { Text("Sign out") } },
                    )
                    state.sync?.let { Queue(it, model::retry) }
                }
                items(state.pieces, key = { it.piece }) { piece ->
                    ListItem(
                        headlineContent = { Text(piece.title) },
                        supportingContent = { Text(piece.whereabouts.at.words()) },
                        trailingContent = { if (piece.feedback > 0u) Text("Feedback: ${piece.feedback}") },
                        modifier = Modifier.clickable { model.open(piece.piece) },
                    )
                }
            }
        }
    }

    // One that was kept while the screen was turned is not there any more.
    photo?.takeIf { File(it).exists() }?.let { path ->
        NewPieceDialog(state.places, isKeeping, onCancel = { File(path).delete(); photo = null }) { title, words, folio ->
            isKeeping = true
            model.capture(File(path), title, words, folio) { isKept ->
                isKeeping = false
                if (isKept) photo = null
            }
        }
    }
    if (hasNoCamera) {
        AlertDialog(
            onDismissRequest = { hasNoCamera = false },
            text = { Text("There is no camera app on this phone.") },
            confirmButton = { TextButton(onClick = { hasNoCamera = false }) { Text("Close") } },
        )
    }
    state.problem?.let { problem ->
        AlertDialog(
            onDismissRequest = { model.show(null) },
            text = { Text(problem.words()) },
            confirmButton = { TextButton(onClick = { model.show(null) }) { Text("Close") } },
        )
    }
}

/** What is still on its way, and how far it has come. */
@Composable
private fun Queue(status: SyncStatus, onRetry: () -> Unit) {
    Column(Modifier.fillMaxWidth().padding(horizontal = 16.dp)) {
        Text(status.connection.words())
        status.progress?.let { progress -> LinearProgressIndicator(progress = { progress }, Modifier.fillMaxWidth()) }
        for (upload in status.status.uploads) {
            val progress = "${upload.sent / 1024u} of ${upload.size / 1024u} KB"
            Text("${upload.pieceTitle}: $progress", style = MaterialTheme.typography.bodySmall)
        }
        if (status.connection == Connection.OFFLINE) TextButton(onClick = onRetry) { Text("Try now") }
    }
}

@Composable
private fun NewPieceDialog(
    places: List<FolioLine>,
    isKeeping: Boolean,
    onCancel: () -> Unit,
    onKeep: (title: String, words: String, folio: FolioId?) -> Unit,
) {
    var title by rememberSaveable { mutableStateOf("") }
    var words by rememberSaveable { mutableStateOf("") }
    var folio by rememberSaveable { mutableStateOf<String?>(null) }
    AlertDialog(
        onDismissRequest = onCancel,
        title = { Text("What does it show?") },
        text = {
            Column {
                OutlinedTextField(title, onValueChange = { title = it }, label = { Text("Title") })
                OutlinedTextField(words, onValueChange = { words = it }, label = { Text("In your words") })
                for (place in places) {
                    FilterChip(folio == place.folio, onClick = { folio = place.folio }, label = { Text(place.title) })
                }
            }
        },
        confirmButton = {
            val isReady = title.isNotBlank() && !isKeeping
            TextButton(onClick = { onKeep(title, words, folio) }, enabled = isReady) { Text("Keep") }
        },
        dismissButton = { TextButton(onClick = onCancel, enabled = !isKeeping) { Text("Throw away") } },
    )
}

private fun At.words() = when (this) {
    At.HERE -> "On this phone"
    At.SENDING -> "On its way"
    At.SCHOOL -> "At school"
    At.WAITING -> "Waits for somebody"
    At.REFUSED -> "Not taken by the school"
}

private fun Connection.words() = when (this) {
    Connection.IDLE, Connection.IN_STEP, Connection.LIVE -> "In step with your school"
    Connection.SYNCING -> "Talking to your school…"
    Connection.OFFLINE -> "No connection. Everything is kept on this phone."
    Connection.LOCKED -> "The school does not know this phone any more."
}
