package org.fieldfolio

import java.nio.file.Path
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.jsonArray
import org.junit.jupiter.api.Assertions.assertEquals

/** The sample school with the devices of one test, each in a folder of its own. */
class SampleSchool(private val folder: Path, log: Config = Config(LogLevel.OFF)) : AutoCloseable {
    val stage = Stage()
    val library = Fieldfolio(log)
    val words = journeyWords()
    private val stores = mutableListOf<Store>()

    fun folder(name: String) = folder.resolve(name).toString()

    val outcome: OutcomeId get() = stage.outcome(words.text("outcome"))

    /** A device that has just become somebody's. */
    suspend fun enrolled(device: String): Store =
        library.enrol(stage.link(device), folder(device)).also { stores += it }

    /** The same, in step with the school. */
    suspend fun synced(device: String): Store = enrolled(device).also { it.sync() }

    /** The piece of this number, with its photo. */
    fun evidence(number: Int): NewEvidence {
        val piece = words.at("pieces").jsonArray[number]
        return wordsAlone(piece).copy(
            files = listOf(NewFile(path = stage.photo(piece.number("photo")), alt = piece.text("alt"))),
            workDate = piece.text("work_date"),
            outcomes = listOf(outcome),
        )
    }

    /** A piece of words, shared with everybody in the circle. */
    fun wordsAlone(piece: JsonElement) = NewEvidence(
        workDate = "2026-05-04",
        title = piece.text("title"),
        words = piece.text("words"),
        folios = listOf(stage.folio(piece.text("folio"))),
        audience = listOf(Role.OWNER, Role.TEACHER, Role.MENTOR, Role.GUARDIAN),
    )

    override fun close() {
        stores.forEach { it.close() }
        library.close()
        // Log lines go nowhere again.
        Fieldfolio(Config(LogLevel.OFF)).close()
        stage.close()
    }
}

/** Tells one story, which fails when it hangs. */
fun story(folder: Path, log: Config = Config(LogLevel.OFF), tell: suspend CoroutineScope.(SampleSchool) -> Unit) =
    SampleSchool(folder, log).use { school -> runBlocking { withTimeout(3.minutes) { tell(school) } } }

/** Syncs until nothing is left to do. */
suspend fun Store.sync() = syncService().use { assertEquals(SyncEnd.IN_STEP, it.run(60.seconds).end) }

/** Waits for what is looked for. */
suspend fun <T> Flow<T>.soon(isIt: (T) -> Boolean): T = withTimeout(30.seconds) { first(isIt) }

/** Takes what comes until it is what is looked for. */
suspend fun <T> ReceiveChannel<T>.soon(isIt: (T) -> Boolean): T = withTimeout(30.seconds) {
    var next = receive()
    while (!isIt(next)) next = receive()
    next
}

/** What is there. */
fun <T : Any> assertThere(found: T?): T = found ?: throw AssertionError("it is not there")

/** That this can't be done, and what the app would do about it. */
inline fun <reified P : Problem> assertProblem(work: () -> Any?): P {
    val attempt = attempt(work)
    val problem = (attempt as? Attempt.NotDone)?.problem
    return problem as? P ?: throw AssertionError("${P::class.simpleName} was expected, and not $attempt")
}
