package org.fieldfolio

// Trying something whose failure the app expects: `attempt { store.capture(new) }`.

/** What came of trying something. */
sealed interface Attempt<out T> {
    /** It is done, and [value] came of it. */
    data class Done<out T>(val value: T) : Attempt<T>

    /** It could not be done, and [problem] says what to do about it. */
    data class NotDone(val problem: Problem) : Attempt<Nothing>
}

/**
 * Does something with a store. What the library throws becomes a [Problem]; everything else passes, so that a cancelled
 * coroutine ends and a mistake is seen.
 */
inline fun <T> attempt(work: () -> T): Attempt<T> = try {
    Attempt.Done(work())
} catch (exception: FieldfolioException) {
    Attempt.NotDone(exception.problem())
}

/** What came of it, or what [instead] makes of the problem: `attempt { … }.orElse { show(it); return }`. */
inline fun <T> Attempt<T>.orElse(instead: (Problem) -> T): T = when (this) {
    is Attempt.Done -> value
    is Attempt.NotDone -> instead(problem)
}

/** What came of it, or nothing. */
fun <T> Attempt<T>.valueOrNull(): T? = (this as? Attempt.Done)?.value
