package org.fieldfolio.sample.model

import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.*
import kotlinx.coroutines.flow.*
import org.fieldfolio.*

data class PortfolioState(
    val name: String = "",
    val pieces: List<PieceLine> = emptyList(),
    val places: List<FolioLine> = emptyList(),
    val open: Piece? = null,
    val sync: SyncStatus? = null,
    val problem: Problem? = null,
)

/** One thing said in feedback, and how to answer it. */
data class Heard(val by: String, val feedback: EntryBody.Feedback, val reference: Reference)

/** A student's portfolio as its screens show it. It knows nothing of Android. */
class PortfolioModel(
    private val awake: Awake,
    private val scope: CoroutineScope,
    private val problem: MutableStateFlow<Problem?>,
) {
    private val opened = MutableStateFlow<PieceId?>(null)
    private val sync = awake.store.syncService()

    /** What is in the store, looked at again whenever something in it changes. */
    @OptIn(ExperimentalCoroutinesApi::class)
    private val seen: Flow<PortfolioState> = opened.flatMapLatest { piece ->
        awake.store.watching {
            val open = piece?.let { attempt { piece(it) }.valueOrNull() }
            PortfolioState(name = me().name, pieces = mine(), places = places(), open = open)
        }
    }

    val state: StateFlow<PortfolioState> =
        combine(seen, sync.statuses(), problem) { seen, status, problem -> seen.copy(sync = status, problem = problem) }
            .catch { if (it is FieldfolioException) emit(PortfolioState(problem = it.problem())) else throw it }
            .stateIn(scope, SharingStarted.WhileSubscribed(5.seconds.inWholeMilliseconds), PortfolioState())

    fun open(piece: PieceId?) {
        opened.value = piece
    }

    fun show(problem: Problem?) {
        this.problem.value = problem
    }

    /**
     * Keeps a photo, with or without a network. The camera's own file still says where it was taken, and goes once it is
     * kept; [onEnd] hears whether it is.
     */
    fun capture(photo: File, title: String, words: String, folio: FolioId?, onEnd: (isKept: Boolean) -> Unit) {
        val new = NewEvidence(
            workDate = today(),
            files = listOf(NewFile(path = photo.path, alt = title)),
            title = title,
            words = words,
            folios = listOfNotNull(folio),
            audience = folio?.let { listOf(Role.TEACHER, Role.MENTOR, Role.GUARDIAN) },
        )
        scope.launch {
            val kept = attempt { awake.during { it.capture(new) } }
            when (kept) {
                is Attempt.Done -> photo.delete()
                is Attempt.NotDone -> show(kept.problem)
            }
            onEnd(kept is Attempt.Done)
        }
    }

    fun reply(piece: PieceId, to: Reference, words: String) = act { it.reply(piece, to, words) }

    fun retry() = act { sync.retry() }

    /** Where the small picture of a piece lies, as soon as it is on this device. */
    fun preview(piece: PieceId): Flow<String?> =
        awake.store.watching { attempt { mediaPath(piece, MediaVariant.PREVIEW) }.valueOrNull() }.distinctUntilChanged()

    private fun act(work: suspend (StoreInterface) -> Unit) {
        scope.launch { attempt { awake.during(work) }.orElse { show(it) } }
    }
}

/** The feedback on a piece that still stands, by its voices. */
fun Piece.feedback(): List<Heard> = voices.flatMap { voice ->
    voice.entries.filterNot { it.isReplaced || it.withdrawn }.mapNotNull { entry ->
        val feedback = entry.body as? EntryBody.Feedback ?: return@mapNotNull null
        Heard(voice.authorName, feedback, Reference(voice.author, voice.about, entry.id))
    }
}
