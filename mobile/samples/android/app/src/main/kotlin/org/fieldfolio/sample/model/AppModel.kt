package org.fieldfolio.sample.model

import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.*
import kotlinx.coroutines.flow.*
import kotlinx.coroutines.sync.*
import org.fieldfolio.*

/** The one store of this app, for its screens and its workers. */
class SignedIn(private val library: FieldfolioInterface, private val folder: String) {
    private val door = Mutex()
    private val current = MutableStateFlow<Awake?>(null)
    val awake: StateFlow<Awake?> = current.asStateFlow()

    /** What could not be done, until somebody has read it. */
    val problem = MutableStateFlow<Problem?>(null)

    /** Is anybody's store here, whether or not it can be opened? */
    fun isSomebody(): Boolean = library.isEnrolled(folder)

    /** The store of whoever signed in here before; nobody for none. */
    suspend fun open(): Awake? = door.withLock {
        if (current.value == null && library.isEnrolled(folder)) current.value = Awake(library.open(folder))
        current.value
    }

    suspend fun enrol(link: String): Awake = door.withLock {
        Awake(library.enrol(link.trim(), folder)).also { current.value = it }
    }

    /** Nothing is lost: what is not sent after a minute keeps the store here, and is thrown as such. */
    suspend fun logOut() = door.withLock {
        current.value?.during { it.logOut(LogOut.sendFirst(1.minutes)) }
        problem.value = null
        current.value = null
    }
}

sealed interface AppState {
    data object Starting : AppState

    data class SignedOut(val isBusy: Boolean = false, val problem: Problem? = null) : AppState

    data class In(val portfolio: PortfolioModel) : AppState
}

/** Who is signed in, and how one comes to be. It knows nothing of Android. */
class AppModel(private val signedIn: SignedIn, private val scope: CoroutineScope) {
    private val shown = MutableStateFlow<AppState>(AppState.Starting)
    val state: StateFlow<AppState> = shown.asStateFlow()

    init {
        enter(AppState.Starting) { signedIn.open() }
    }

    fun signIn(link: String) = enter(AppState.SignedOut(isBusy = true)) { signedIn.enrol(link) }

    fun logOut() {
        scope.launch {
            val before = shown.value
            attempt { signedIn.logOut() }.orElse {
                (before as? AppState.In)?.portfolio?.show(it)
                return@launch
            }
            shown.value = AppState.SignedOut()
        }
    }

    private fun enter(meanwhile: AppState, come: suspend () -> Awake?) {
        shown.value = meanwhile
        scope.launch {
            val awake = attempt { come() }.orElse {
                shown.value = AppState.SignedOut(problem = it)
                return@launch
            }
            val portfolio = awake?.let { PortfolioModel(it, scope, signedIn.problem) }
            shown.value = if (portfolio == null) AppState.SignedOut() else AppState.In(portfolio)
        }
    }
}
