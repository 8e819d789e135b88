package org.fieldfolio

import java.nio.file.Path
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class AwakeTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a store sleeps when the last has left`() = story(folder) { school ->
        val mina = school.synced("mina")
        val awake = Awake(mina)
        assertEquals("Mina Sample", awake.during { it.me().name })
        assertTrue(mina.isPaused())

        val isOnScreen = CompletableDeferred<Unit>()
        val screen = launch(start = CoroutineStart.UNDISPATCHED) {
            awake.during {
                isOnScreen.complete(Unit)
                awaitCancellation()
            }
        }
        isOnScreen.await()
        awake.during { it.capture(NewEvidence(workDate = "2026-05-04", title = "Worms", words = "Eleven.")) }
        assertFalse(mina.isPaused(), "the screen still needs it")
        assertEquals(1, mina.mine().size)

        screen.cancelAndJoin()
        assertTrue(mina.isPaused())
    }

    @Test
    fun `what fails inside lets it sleep, too`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        assertProblem<Problem.MendApp> { Awake(mina).during { it.piece("no piece") } }
        assertTrue(mina.isPaused())
    }
}
