package org.fieldfolio

import java.nio.file.Path
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class CallsTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a run whose coroutine is cancelled stops in the library`() = story(folder) { school ->
        val mina = school.synced("mina")
        mina.capture(school.evidence(0))
        school.stage.freeze()
        mina.syncService().use { sync ->
            val running = launch(start = CoroutineStart.UNDISPATCHED) { sync.run(5.minutes) }
            sync.statuses().soon { it.connection == Connection.SYNCING }

            withTimeout(5.seconds) { running.cancelAndJoin() }
            sync.statuses().soon { it.connection == Connection.IDLE }
            assertEquals(1, mina.mine().size)
            mina.capture(school.evidence(1))

            school.stage.thaw()
            mina.sync()
            assertTrue(mina.mine().all { it.whereabouts.at == At.SCHOOL })
        }
    }

    @Test
    fun `an enrolment that is cancelled is done again with the same link and folder`() = story(folder) { school ->
        school.stage.freeze()
        val enrolling = launch(start = CoroutineStart.UNDISPATCHED) { school.enrolled("mina") }
        withTimeout(5.seconds) { enrolling.cancelAndJoin() }
        school.stage.thaw()
        assertEquals("Mina Sample", school.synced("mina").me().name)
    }

    @Test
    fun `eight pieces captured at once all land`() = story(folder) { school ->
        val mina = school.synced("mina")
        val pieces = withContext(Dispatchers.Default) {
            val capturing = List(8) { number ->
                async { mina.capture(school.evidence(number % 3).copy(title = "Piece $number")).piece }
            }
            capturing.awaitAll()
        }
        assertEquals(8, pieces.toSet().size)
        assertEquals(List(8) { "Piece $it" }, mina.mine().map { it.title }.sorted())
        assertEquals(pieces.toSet(), mina.mine().map { it.piece }.toSet())
    }

    @Test
    fun `what was closed says so`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        val stream = mina.openChangeStream()
        val sync = mina.syncService()
        for (closed in listOf<AutoCloseable>(stream, sync, mina)) {
            closed.close()
            closed.close()
        }
        assertThrows(IllegalStateException::class.java) { mina.folder() }
        assertThrows(IllegalStateException::class.java) { sync.goLive() }
        val late = runCatching { mina.me() }.exceptionOrNull()
        assertTrue(late is IllegalStateException && "destroyed" in late.message.orEmpty(), "$late")
        assertTrue(runCatching { stream.next() }.exceptionOrNull() is IllegalStateException)

        val again = school.library.open(school.folder("mina")).use { it.me() }
        assertEquals(school.stage.person("mina"), again.person)
    }

    @Test
    fun `a log sink that throws harms nothing`() {
        val called = AtomicInteger()
        val sink = object : LogSink {
            override fun log(level: LogLevel, line: String) {
                if (called.incrementAndGet() % 2 == 0) throw LogSinkException.Failed("the disk of the log is full")
                error("a mistake in the sink")
            }
        }
        story(folder, Config(LogLevel.DEBUG, sink)) { school ->
            val mina = school.synced("mina")
            mina.capture(school.evidence(0))
            mina.sync()
            assertEquals(At.SCHOOL, mina.mine().single().whereabouts.at)
        }
        assertTrue(called.get() > 1, "it was called ${called.get()} times")
    }

    @Test
    fun `durations and moments cross as they are meant`() = story(folder) { school ->
        val mina = school.synced("mina")
        mina.capture(NewEvidence(workDate = "2026-05-04", title = "Worms", words = "Eleven."))
        val made = mina.mine().single().madeAt
        assertTrue(kotlin.time.Clock.System.now() - made in -1.seconds..60.seconds, "$made")
        assertTrue(mina.devices().single().enrolledAt <= made)
        assertNull(mina.me().parts.firstOrNull()?.endsAt)

        assertEquals(LogOut.SendFirst(1u), LogOut.sendFirst(1.milliseconds))
        assertEquals(LogOut.SendFirst(60u), LogOut.sendFirst(1.minutes))
        assertEquals(LogOut.SendFirst(0u), LogOut.sendFirst((-1).seconds))
        assertEquals(LogOut.SendFirst(UInt.MAX_VALUE), LogOut.sendFirst(kotlin.time.Duration.INFINITE))
    }
}
