package org.fieldfolio

import com.sun.management.OperatingSystemMXBean
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.copyToRecursively
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable
import org.junit.jupiter.api.io.TempDir

/**
 * What an app waits for, through the bindings: CPU milliseconds of this process, the mean of some once it is warm (the JVM's
 * clock for that ticks a hundred times a second). `FIELDFOLIO_BENCH` names a folder that
 * `fieldfolio-journey --store FOLDER 300` made.
 */
@EnabledIfEnvironmentVariable(named = "FIELDFOLIO_BENCH", matches = ".+")
class BenchTest {
    private val process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean::class.java)

    @TempDir
    lateinit var folder: Path

    @OptIn(ExperimentalPathApi::class)
    @Test
    fun `what an app waits for`() = runBlocking {
        val made = Path.of(System.getenv("FIELDFOLIO_BENCH"))
        val copy = folder.resolve("store")
        made.resolve("store").copyToRecursively(copy, followLinks = false, overwrite = false)
        val library = Fieldfolio(Config(LogLevel.OFF))
        val store = library.open(copy.toString())
        val garden = store.folios()[1].folio
        val photo = NewFile(made.resolve("photo.jpg").toString())
        check(Files.exists(made.resolve("photo.jpg")))

        said("pause and resume", mean(50) { store.pause(); store.resume() })
        said("list of ${store.mine().size}", mean(100) { store.mine() })
        said("one folio with its pieces", mean(100) { store.folio(garden) })
        val leaf = NewEvidence(workDate = "2026-05-04", title = "Leaf", files = listOf(photo), folios = listOf(garden))
        said("capture of a photo of 4 MB", mean(8) { store.capture(leaf) })
        store.wipe()
    }

    private suspend fun mean(times: Int, work: suspend () -> Unit): Double {
        repeat(times) { work() }
        val began = process.processCpuTime
        repeat(times) { work() }
        return (process.processCpuTime - began) / 1e6 / times
    }

    private fun said(what: String, milliseconds: Double) = println("Kotlin: %-45s %8.1f ms".format(what, milliseconds))
}
