package org.fieldfolio

// What could not be done, as something to act on.

/**
 * What the app does about something that could not be done. Nothing was lost by any of them.
 *
 * [reason] is a sentence in English for logs and developers. It is not for people: show them words of your own for each
 * case, and let `when` without `else` find the cases that a later version adds.
 */
sealed interface Problem {
    /** What was found. */
    val reason: String

    /** Do it again when there is a network. What was captured is safe meanwhile. */
    data class RetryLater(override val reason: String) : Problem

    /** The school does not know this device any more: show what is not sent, and ask for a new invitation. */
    data class SignInAgain(override val reason: String) : Problem

    /** The link is none, is over, or was used: ask whoever sent it for another. */
    data class AskForInvitation(override val reason: String) : Problem

    /** The device is full: offer [Store.freeSpace], then do it again. */
    data class FreeSpace(override val reason: String) : Problem

    /** The file at this place among those that were handed over, from 0, was not taken: say which, go on with the others. */
    data class LeaveOut(val index: Int, override val reason: String) : Problem

    /** Words or lists are too long: say so beside the field. */
    data class Shorten(override val reason: String) : Problem

    /** This person may not do it. Do not offer it: [May] says so beforehand. */
    data class NotAllowed(override val reason: String) : Problem

    /** It is not on this device: sync, and look again. */
    data class SyncAndLook(override val reason: String) : Problem

    /** So many things have not reached the school: sync first, or ask the person whether they may be lost. */
    data class SendFirst(val count: ULong, override val reason: String) : Problem

    /** The store is paused, gone, or open in another program: [Store.resume], or begin again where people sign in. */
    data class Reopen(override val reason: String) : Problem

    /** The app handed over what can't be. Trying again does not help: mend the app. */
    data class MendApp(override val reason: String) : Problem

    /** The store can't be used as it is: keep its folder, update the app, and else [Fieldfolio.salvage] it. */
    data class KeepAndSalvage(override val reason: String) : Problem
}

/** What the app does about this. */
fun FieldfolioException.problem(): Problem = when (this) {
    is FieldfolioException.Offline -> Problem.RetryLater(reason)
    is FieldfolioException.SignIn -> Problem.SignInAgain(reason)
    is FieldfolioException.Invitation -> Problem.AskForInvitation(reason)
    is FieldfolioException.Space -> Problem.FreeSpace(reason)
    is FieldfolioException.Media -> Problem.LeaveOut(number.toInt() - 1, reason)
    is FieldfolioException.TooLong -> Problem.Shorten(reason)
    is FieldfolioException.Refused -> Problem.NotAllowed(reason)
    is FieldfolioException.Missing -> Problem.SyncAndLook(reason)
    is FieldfolioException.Unsent -> Problem.SendFirst(count, reason)
    is FieldfolioException.Closed -> Problem.Reopen(reason)
    is FieldfolioException.Argument -> Problem.MendApp(reason)
    is FieldfolioException.Broken -> Problem.KeepAndSalvage(reason)
}

/** The sentence of whichever case it is; `message` puts the names of its fields before it. */
val FieldfolioException.reason: String
    get() = problem().reason
