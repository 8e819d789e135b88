package org.fieldfolio

import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class FlowsTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `a collector that is cancelled leaves nothing behind in the library`() = story(folder) { school ->
        val mina = Opening(school.enrolled("mina"))
        val waitingBefore = uniffiContinuationHandleMap.size
        val collecting = launch(start = CoroutineStart.UNDISPATCHED) { mina.changes().collect { } }
        assertEquals(waitingBefore + 1, uniffiContinuationHandleMap.size, "a call waits in the library")
        assertFalse(mina.opened.single().uniffiIsDestroyed)

        collecting.cancelAndJoin()
        assertEquals(waitingBefore, uniffiContinuationHandleMap.size, "it waits no more")
        assertTrue(mina.opened.single().uniffiIsDestroyed, "the stream is closed")

        val told = async(start = CoroutineStart.UNDISPATCHED) { mina.changes().first() }
        mina.capture(school.evidence(0))
        assertTrue(withTimeout(5.seconds) { told.await() } > 0uL)
        assertTrue(mina.opened.all { it.uniffiIsDestroyed }, "one who has heard enough closes it, too")
    }

    @Test
    fun `a flow of statuses begins at once and closes what it opened`() = story(folder) { school ->
        school.enrolled("mina").syncService().use { sync ->
            val waitingBefore = uniffiContinuationHandleMap.size
            assertEquals(Connection.IDLE, sync.statuses().soon { true }.connection)
            val collecting = launch(start = CoroutineStart.UNDISPATCHED) { sync.statuses().collect { } }
            collecting.cancelAndJoin()
            assertEquals(waitingBefore, uniffiContinuationHandleMap.size)
        }
    }

    @Test
    fun `what is watched is seen at once, after each change, and after a pause`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        val titles = mina.watching { mine().map { it.title } }.produceIn(this)
        titles.soon { it.isEmpty() }
        mina.capture(NewEvidence(workDate = "2026-05-04", title = "Worms", words = "Eleven under one stone."))
        titles.soon { it == listOf("Worms") }

        mina.pause()
        mina.resume()
        mina.capture(NewEvidence(workDate = "2026-05-04", title = "Snails", words = "Two."))
        titles.soon { it.size == 2 }
        titles.cancel()
    }

    @Test
    fun `flows complete when the store is gone`() = story(folder) { school ->
        val mina = school.enrolled("mina")
        val sync = mina.syncService()
        val flows = listOf(mina.changes(), mina.watching { mine() }, sync.statuses())
        val ends = flows.map { flow -> async(start = CoroutineStart.UNDISPATCHED) { flow.toList() } }
        mina.wipe()
        withTimeout(5.seconds) { ends.forEach { it.await() } }
        sync.close()
    }
}

/** A store that remembers the streams which were opened of it. */
private class Opening(private val store: Store) : StoreInterface by store {
    val opened = mutableListOf<ChangeStream>()

    override fun openChangeStream() = store.openChangeStream().also { opened += it }
}
