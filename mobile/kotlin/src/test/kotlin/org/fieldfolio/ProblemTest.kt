package org.fieldfolio

import java.nio.file.Files
import java.nio.file.Path
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ProblemTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `what the library refuses becomes something to do`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        val words = folder.resolve("words.jpg").also { Files.writeString(it, "no photo") }
        val photo = school.evidence(0)

        val left = assertProblem<Problem.LeaveOut> {
            mina.capture(photo.copy(folios = emptyList(), outcomes = emptyList(), files = photo.files + NewFile("$words")))
        }
        assertEquals(1, left.index)
        assertProblem<Problem.LeaveOut> { mina.capture(NewEvidence(workDate = "2026-05-04", files = listOf(NewFile("$folder/none.jpg")))) }
        assertProblem<Problem.Shorten> { mina.capture(NewEvidence(workDate = "2026-05-04", title = "a".repeat(100_000))) }
        assertProblem<Problem.MendApp> { mina.capture(NewEvidence(workDate = "yesterday")) }
        assertProblem<Problem.SyncAndLook> { mina.piece(school.stage.person("mina")) }
        assertEquals(emptyList<PieceLine>(), mina.mine(), "what was not done left no trace")

        school.stage.down()
        assertProblem<Problem.RetryLater> { school.library.enrol(school.stage.link("lea"), school.folder("lea")) }
        assertProblem<Problem.RetryLater> { mina.inviteDevice() }
        school.stage.up()
        mina.pause()
        assertProblem<Problem.Reopen> { mina.me() }
    }

    @Test
    fun `each has its sentence`() {
        val thrown = listOf(
            FieldfolioException.Offline("one"), FieldfolioException.SignIn("two"), FieldfolioException.Invitation("three"),
            FieldfolioException.Space("four"), FieldfolioException.Media(2u, "five"), FieldfolioException.TooLong("six"),
            FieldfolioException.Refused("seven"), FieldfolioException.Missing("eight"), FieldfolioException.Unsent(3u, "nine"),
            FieldfolioException.Closed("ten"), FieldfolioException.Argument("eleven"), FieldfolioException.Broken("twelve"),
        )
        assertEquals(thrown.map { "$it" }, thrown.map { it.reason })
        assertEquals(thrown.size, thrown.map { it.problem()::class }.toSet().size, "no two ask for the same")
        assertEquals(Problem.LeaveOut(1, "five"), thrown[4].problem())
    }

    @Test
    fun `an attempt takes only what the library threw`() {
        assertEquals(Attempt.Done(3), attempt { 1 + 2 })
        val refused: Attempt<Int> = attempt { throw FieldfolioException.Space("no room") }
        assertEquals(Attempt.NotDone(Problem.FreeSpace("no room")), refused)
        assertNull(refused.valueOrNull())
        assertEquals(0, refused.orElse { 0 })
        assertThrows(CancellationException::class.java) { attempt { throw CancellationException("enough") } }
        assertThrows(IllegalStateException::class.java) { attempt { error("a mistake") } }
    }

    @Test
    fun `an attempt of one who was cancelled does not go on`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        var wentOn = false
        val waiting = launch(start = CoroutineStart.UNDISPATCHED) {
            mina.openChangeStream().use { stream -> attempt { stream.next() } }
            wentOn = true
        }
        waiting.cancelAndJoin()
        assertTrue(waiting.isCancelled)
        assertFalse(wentOn)
    }
}
