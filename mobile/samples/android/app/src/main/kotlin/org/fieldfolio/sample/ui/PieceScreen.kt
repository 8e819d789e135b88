package org.fieldfolio.sample.ui

import android.graphics.BitmapFactory
import androidx.compose.foundation.*
import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.*
import androidx.compose.ui.unit.dp
import kotlinx.coroutines.*
import org.fieldfolio.*
import org.fieldfolio.sample.model.*

@Composable
fun PieceScreen(piece: Piece, model: PortfolioModel) {
    val id = piece.line.piece
    val path by remember(id) { model.preview(id) }.collectAsState(null)
    val picture by produceState<ImageBitmap?>(null, path) {
        value = withContext(Dispatchers.IO) { path?.let(BitmapFactory::decodeFile)?.asImageBitmap() }
    }
    Scaffold { padding ->
        Column(
            Modifier.padding(padding).padding(16.dp).verticalScroll(rememberScrollState()),
            verticalArrangement = Arrangement.spacedBy(12.dp),
        ) {
            Text(piece.line.title, style = MaterialTheme.typography.headlineSmall)
            picture?.let { Image(it, contentDescription = piece.media.firstOrNull()?.alt, Modifier.fillMaxWidth()) }
            Text(piece.words)
            for (heard in piece.feedback()) {
                FeedbackCard(heard) { words -> model.reply(id, heard.reference, words) }
            }
        }
    }
}

@Composable
private fun FeedbackCard(heard: Heard, onReply: (String) -> Unit) {
    var reply by rememberSaveable(heard.reference.entry) { mutableStateOf("") }
    Card(Modifier.fillMaxWidth()) {
        Column(Modifier.padding(12.dp)) {
            Text(heard.by, style = MaterialTheme.typography.titleSmall)
            with(heard.feedback) { listOf(didWell, improve, nextStep) }.filter { it.isNotBlank() }.forEach { Text(it) }
            OutlinedTextField(reply, onValueChange = { reply = it }, label = { Text("Your answer") })
            TextButton(onClick = { onReply(reply); reply = "" }, enabled = reply.isNotBlank()) { Text("Answer") }
        }
    }
}
