package org.fieldfolio

import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.plus
import org.fieldfolio.sample.model.AppModel
import org.fieldfolio.sample.model.AppState
import org.fieldfolio.sample.model.SignedIn
import org.fieldfolio.sample.model.feedback
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What the sample app for Android does behind its screens. */
class SampleAppTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a student signs in, shows her work and hears of it`() = story(folder) { school ->
        val screens = this + Job()
        val signedIn = SignedIn(school.library, school.folder("app"))
        val app = AppModel(signedIn, screens)
        app.state.soon { it is AppState.SignedOut && !it.isBusy }
        app.signIn(school.stage.link("mina").take(60))
        val refused = app.state.soon { it is AppState.SignedOut && it.problem != null } as AppState.SignedOut
        assertTrue(refused.problem is Problem.AskForInvitation)
        app.signIn(school.stage.link("mina"))
        val portfolio = (app.state.soon { it is AppState.In } as AppState.In).portfolio
        val awake = assertThere(signedIn.awake.value)
        val visible = visible(awake)
        awake.during { (it as Store).sync() }
        val atHome = portfolio.state.soon { it.name == "Mina Sample" && it.places.isNotEmpty() }
        assertEquals(emptyList<PieceLine>(), atHome.pieces)

        school.stage.down()
        val photo = folder.resolve("IMG_1.jpg").also { Files.copy(Path.of(school.stage.photo(0)), it) }.toFile()
        val garden = school.stage.folio("mina/community-garden")
        val isKept = CompletableDeferred<Boolean>()
        portfolio.capture(photo, "Bean seedlings", "Three of the five came up.", garden) { isKept.complete(it) }
        assertTrue(isKept.await())
        val piece = portfolio.state.soon { it.pieces.size == 1 && it.sync!!.status.uploads.isNotEmpty() }.pieces.single()
        assertEquals(At.HERE, piece.whereabouts.at)
        assertTrue(Files.exists(Path.of(assertThere(portfolio.preview(piece.piece).first()))))
        assertFalse(photo.exists(), "the camera's file goes")

        school.stage.up()
        awake.during { (it as Store).sync() }
        portfolio.state.soon { it.pieces.single().whereabouts.at == At.SCHOOL }
        val ito = school.synced("ms-ito")
        ito.giveFeedback(NewFeedback(piece = piece.piece, about = school.stage.person("mina"), didWell = "You counted."))
        ito.sync()
        awake.during { (it as Store).sync() }
        portfolio.open(piece.piece)
        val heard = portfolio.state.soon { it.open?.feedback()?.size == 1 }.open!!.feedback().single()
        assertEquals("You counted.", heard.feedback.didWell)
        portfolio.reply(piece.piece, heard.reference, "And measured.")
        portfolio.state.soon { state -> state.open!!.voices.any { voice -> voice.entries.any { it.body is EntryBody.Reply } } }

        visible.cancelAndJoin()
        app.logOut()
        app.state.soon { it == AppState.SignedOut() }
        assertFalse(school.library.isEnrolled(school.folder("app")))
        screens.coroutineContext[Job]!!.cancelAndJoin()
    }

    /** A screen is there. */
    private fun CoroutineScope.visible(awake: Awake) =
        launch(start = CoroutineStart.UNDISPATCHED) { awake.during { awaitCancellation() } }
}
