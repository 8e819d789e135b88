package org.fieldfolio

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/**
 * What a journey is played on: a process that runs the sample school's relay behind a web server with a certificate of the
 * school's own. `mobile/journey.md` tells what it says and what it is told.
 */
class Stage : AutoCloseable {
    private val process = ProcessBuilder(program()).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val answers = process.inputReader()
    private val orders = process.outputWriter()
    private val told = Json.parseToJsonElement(answers.readLine() ?: error("the stage did not stand up")).jsonObject

    fun link(device: String) = told.text("links", device)

    fun person(name: String): PersonId = told.text("people", name)

    fun outcome(code: String): OutcomeId = told.text("outcomes", code)

    fun folio(name: String): FolioId = told.text("folios", name)

    fun photo(number: Int) = told.getValue("photos").jsonArray[number].jsonPrimitive.content

    /** Breaks the network. */
    fun down() = order("down")

    /** Mends it. */
    fun up() = order("up")

    /** The web server takes connections and says nothing, until [thaw]. */
    fun freeze() = signal("STOP")

    fun thaw() = signal("CONT")

    override fun close() {
        thaw()
        orders.close()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly()
    }

    private fun order(word: String) {
        orders.write("$word\n")
        orders.flush()
        check(answers.readLine() == "done") { "the stage did not do it: $word" }
    }

    private fun signal(name: String) {
        val ended = ProcessBuilder("kill", "-$name", process.pid().toString()).start().waitFor()
        check(ended == 0) { "the stage took no $name" }
    }

    private fun program(): String {
        val path = System.getenv("FIELDFOLIO_STAGE") ?: System.getProperty("fieldfolio.stage")
        check(Files.isExecutable(Path.of(path))) { "there is no stage at $path: build it, or set FIELDFOLIO_STAGE" }
        return path
    }
}

/** The words and numbers of the journey. */
fun journeyWords(): JsonElement = Json.parseToJsonElement(Files.readString(Path.of(System.getProperty("fieldfolio.journey"))))

/** The value at this path. */
fun JsonElement.at(vararg path: String): JsonElement =
    path.fold(this) { element, name -> element.jsonObject[name] ?: error("no $name in $element") }

/** The text at this path. */
fun JsonElement.text(vararg path: String): String = at(*path).jsonPrimitive.content

/** The number at this path. */
fun JsonElement.number(vararg path: String): Int = text(*path).toInt()
