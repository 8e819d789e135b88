package org.fieldfolio.sample.ui

import androidx.compose.foundation.layout.*
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.fieldfolio.*
import org.fieldfolio.sample.model.AppState

@Composable
fun StartingScreen() {
    Box(Modifier.fillMaxSize(), contentAlignment = Alignment.Center) { CircularProgressIndicator() }
}

/** An invitation comes by a message, or is scanned by another app and shared with this one. */
@Composable
fun SignInScreen(state: AppState.SignedOut, shared: String, onSignIn: (String) -> Unit) {
    var link by rememberSaveable { mutableStateOf(shared) }
    Scaffold { padding ->
        Column(Modifier.padding(padding).padding(24.dp), verticalArrangement = Arrangement.spacedBy(16.dp)) {
            Text("Your school has sent you a link.", style = MaterialTheme.typography.headlineSmall)
            OutlinedTextField(
                value = link,
                onValueChange = { link = it },
                label = { Text("Invitation") },
                supportingText = { state.problem?.let { Text(it.words()) } },
                isError = state.problem != null,
                modifier = Modifier.fillMaxWidth(),
            )
            Button(onClick = { onSignIn(link) }, enabled = link.isNotBlank() && !state.isBusy) {
                Text(if (state.isBusy) "One moment…" else "Sign in")
            }
        }
    }
}

/** What people are told. A real app keeps these words with its translations. */
fun Problem.words(): String = when (this) {
    is Problem.RetryLater -> "The school can't be reached. Everything is kept on this phone."
    is Problem.SignInAgain -> "The school does not know this phone any more. Ask for a new invitation."
    is Problem.AskForInvitation -> "This invitation can't be used. Ask for a new one."
    is Problem.FreeSpace -> "This phone is full. Make some room, and try again."
    is Problem.LeaveOut -> "File ${index + 1} can't be read. It stays where it is."
    is Problem.Shorten -> "This is too long."
    is Problem.NotAllowed -> "You can't do this here."
    is Problem.SyncAndLook -> "This is not on this phone yet."
    is Problem.SendFirst -> "Some of your work has not reached the school: $count."
    is Problem.Reopen -> "Please open the app again."
    is Problem.MendApp -> "This app made a mistake."
    is Problem.KeepAndSalvage -> "Your portfolio can't be opened. Please update this app; nothing is deleted."
}
