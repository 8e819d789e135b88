package org.fieldfolio

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The journey of `mobile/journey.md`. The numbers are those of its steps. */
class JourneyTest {
    @TempDir
    lateinit var folder: Path

    private val logged = CopyOnWriteArrayList<String>()

    private val sink = object : LogSink {
        override fun log(level: LogLevel, line: String) {
            logged += line
        }
    }

    @Test
    fun `one way from the first link to the last wipe`() = story(folder, Config(LogLevel.DEBUG, sink)) { school ->
        val journey = Journey(this, school)
        journey.arrive()
        journey.captureOffline()
        journey.send()
        journey.hearFromOthers()
        journey.growLevels()
        journey.liveThroughABadDay()
        journey.takeHome()
        journey.leave()
        assertNothingOfAChildIn(logged, school)
    }

    private fun assertNothingOfAChildIn(lines: List<String>, school: SampleSchool) {
        assertTrue(lines.isNotEmpty(), "the library says what it does")
        val secret = school.words.at("pieces").jsonArray.flatMap { listOf(it.text("title"), it.text("words"), it.text("alt")) } +
            listOf("Mina", "Sample", school.stage.person("mina"), school.stage.link("mina").substringAfter('#'))
        for (line in lines) assertTrue(secret.none { it in line }, line)
    }
}

private class Journey(private val scope: CoroutineScope, private val school: SampleSchool) {
    private val stage = school.stage
    private val library = school.library
    private val words = school.words
    private val pieces = mutableListOf<PieceId>()
    private val student = stage.person("mina")
    private val teachers = mutableMapOf<String, Store>()
    private lateinit var mina: Store
    private lateinit var tablet: Store
    private lateinit var hana: Store
    private lateinit var changing: Job

    /** Steps 1 to 3. */
    suspend fun arrive() {
        val link = stage.link("mina")
        val preview = library.preview(link)
        assertTrue(preview.isPinned && !preview.isOver, "$preview")
        assertEquals(student, preview.person)
        assertProblem<Problem.AskForInvitation> { library.preview(link.take(60)) }

        mina = school.enrolled("mina")
        assertProblem<Problem.AskForInvitation> { library.enrol(link, school.folder("again")) }
        assertEquals(mina.folder(), library.open(school.folder("mina")).use { it.folder() })

        assertEquals(SyncEnd.IN_STEP, mina.syncService().use { it.run(30.seconds) }.end)
        val me = mina.me()
        assertEquals("Mina Sample", me.name)
        assertEquals("Sample School", me.school?.name)
        assertEquals(3, mina.folios(student).size)
    }

    /** Steps 4 to 6. */
    suspend fun captureOffline() {
        stage.down()
        val told = Channel<ULong>(Channel.CONFLATED)
        // Begun at once, so that the stream is open before the first piece.
        changing = scope.launch(start = CoroutineStart.UNDISPATCHED) { mina.changes().collect { told.send(it) } }
        for (number in 0..2) {
            val made = mina.capture(school.evidence(number))
            assertEquals(1, made.media.size)
            pieces += made.piece
        }
        assertTrue(withTimeout(5.seconds) { told.receive() } > 0uL)
        val mine = mina.mine()
        assertEquals(3, mine.size)
        assertTrue(mine.all { it.whereabouts.at == At.HERE }, "$mine")

        mina.syncService().use { sync ->
            assertEquals(SyncEnd.OFFLINE, sync.run(10.seconds).end)
            assertEquals(Connection.IDLE, sync.status().connection)
        }
        val unsent = assertProblem<Problem.SendFirst> { mina.logOut(LogOut.Keep) }
        assertTrue(unsent.count >= 3uL, "$unsent")

        val edited = words.text("edit", "words")
        mina.edit(pieces[0], PieceEdits(words = TextEdit(mina.piece(pieces[0]).words, edited)))
        assertEquals(edited, mina.piece(pieces[0]).words)
        assertProblem<Problem.MendApp> { mina.piece("no piece") }
    }

    /** Steps 7 and 8. */
    suspend fun send() {
        stage.up()
        mina.sync()
        assertTrue(mina.syncService().use { it.queue() }.isEmpty())
        assertTrue(mina.mine().all { it.whereabouts.at == At.SCHOOL })

        tablet = school.synced("tablet")
        assertEquals(mina.mine().map { it.title }.sorted(), tablet.mine().map { it.title }.sorted())
        if (tablet.mediaPath(pieces[0], MediaVariant.PREVIEW) == null) tablet.sync()
        val preview = assertThere(tablet.mediaPath(pieces[0], MediaVariant.PREVIEW))
        val start = Files.readAllBytes(Path.of(preview)).take(2)
        assertEquals(listOf(0xff.toByte(), 0xd8.toByte()), start, "the small picture is a JPEG")
    }

    /** Steps 9 and 10. */
    suspend fun hearFromOthers() {
        val lea = school.synced("lea")
        val feedback = words.at("feedback")
        lea.giveFeedback(
            NewFeedback(
                piece = pieces[0],
                about = student,
                didWell = feedback.text("did_well"),
                improve = feedback.text("improve"),
                nextStep = feedback.text("next_step"),
            ),
        )
        lea.assess(judgement(words.at("mentor_judgement"), pieces[0]))
        lea.sync()
        assertNull(lea.levels(student))

        for (judged in words.at("judgements").jsonArray) {
            val name = judged.text("by")
            val teacher = school.synced(name).also { teachers[name] = it }
            val piece = pieces[judged.number("piece")]
            assertTrue(teacher.reviewQueue().any { it.piece.piece == piece }, "it waits for $name")
            teacher.assess(judgement(judged, piece))
            assertFalse(teacher.reviewQueue().any { it.piece.piece == piece }, "it waits for $name no more")
            teacher.sync()
        }
    }

    /** Steps 11 and 12. */
    suspend fun growLevels() {
        mina.sync()
        assertStands(words.at("before_confirming"))

        val ito = teachers.getValue("ms-ito")
        ito.confirm(pieces[0], ito.entryOf(pieces[0]) { it is EntryBody.Assessment })
        ito.sync()
        mina.sync()
        val standing = assertStands(words.at("afterwards"))
        assertTrue(standing.beside.isEmpty(), "$standing")
        for (atBat in standing.atBats) {
            assertTrue(atBat.pieceTitle.isNotEmpty() && atBat.judgements.isNotEmpty(), "$atBat")
            assertTrue(atBat.judgements.all { it.judgeName.isNotEmpty() }, "$atBat")
        }
    }

    /** Steps 13 to 16. */
    suspend fun liveThroughABadDay() {
        val sync = mina.syncService()
        val statuses = sync.statuses().produceIn(scope)
        sync.goLive()
        statuses.soon { it.connection == Connection.LIVE }
        stage.down()
        statuses.soon { it.connection == Connection.OFFLINE }

        mina.capture(school.wordsAlone(words.at("while_offline")))
        mina.reply(pieces[0], mina.entryOf(pieces[0]) { it is EntryBody.Feedback }, words.text("reply"))
        mina.reflect(pieces[0], TextEdit("", words.text("reflection")))
        assertEquals(4, mina.mine().size)

        mina.pause()
        assertProblem<Problem.Reopen> { mina.me() }
        mina.resume()
        assertEquals(4, mina.mine().size)

        stage.up()
        sync.retry()
        statuses.soon { it.connection == Connection.LIVE && it.status.waiting.isEmpty() && it.status.uploads.isEmpty() }
        statuses.cancel()
        sync.close()
    }

    /** Step 17. */
    suspend fun takeHome() {
        hana = school.synced("hana")
        assertEquals(words.text("edit", "words"), hana.piece(pieces[0]).words)
        hana.entryOf(pieces[0]) { it is EntryBody.Feedback && it.didWell == words.text("feedback", "did_well") }

        val exported = hana.exportPortfolio(student, school.folder("export"))
        assertEquals(4u, exported.pieces)
        val portfolio = Json.parseToJsonElement(Files.readString(Path.of(exported.path)))
        assertEquals(4, portfolio.at("pieces").jsonArray.size)
        assertTrue(portfolio.at("levels").jsonObject.getValue("outcomes").jsonArray.isNotEmpty())
        val said = listOf(words.text("feedback", "did_well"), words.text("reply"), words.text("reflection"))
        for (words in said) assertTrue(words in portfolio.toString(), "$words is left out")
    }

    /** Step 18. */
    suspend fun leave() {
        tablet.logOut(LogOut.Keep)
        assertProblem<Problem.Reopen> { tablet.me() }
        mina.wipe()
        assertProblem<Problem.Reopen> { mina.me() }
        withTimeout(5.seconds) { changing.join() }
        assertFalse(changing.isCancelled, "the stream ended by itself")
        assertFalse(library.isEnrolled(school.folder("mina")))
    }

    private fun judgement(of: JsonElement, piece: PieceId) = NewAssessment(
        piece = piece,
        student = student,
        outcome = school.outcome,
        level = of.number("level").toUByte(),
        weight = AssessmentKind.SUMMATIVE,
        nextStep = of.text("next_step"),
    )

    private suspend fun assertStands(expected: JsonElement): OutcomeLevel {
        val levels = assertThere(mina.levels(student))
        val standing = levels.outcomes.first { it.outcome == school.outcome }
        assertTrue(levels.whole && standing.whole, "$levels")
        assertEquals(LevelState.LEVEL, standing.state)
        val found = mapOf(
            "level" to standing.level?.toInt(),
            "at_bats" to standing.tally.atBats.toInt(),
            "projects" to standing.tally.projects.toInt(),
            "days" to standing.tally.days.toInt(),
        )
        for (name in expected.jsonObject.keys) assertEquals(expected.number(name), found.getValue(name), "$name of $standing")
        return standing
    }
}

private suspend fun Store.entryOf(piece: PieceId, isIt: (EntryBody) -> Boolean): Reference =
    piece(piece).voices.firstNotNullOf { voice ->
        voice.entries.find { isIt(it.body) }?.let { Reference(voice.author, voice.about, it.id) }
    }
