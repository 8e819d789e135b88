package org.fieldfolio

import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

// Moments and lengths of time. The records count milliseconds since 1970; Kotlin's own types say what is meant, and work on
// every Android version, which `java.time` does not.

/** When it was made, by its maker's device. */
val PieceLine.madeAt: Instant get() = made.instant()

/** When it was said, by its author's device. */
val Entry.madeAt: Instant get() = made.instant()

/** How long it plays, for films and recordings. */
val Medium.plays: Duration? get() = duration?.let { it.toLong().milliseconds }

/** When one's own part ends, if it does. */
val Part.endsAt: Instant? get() = until?.instant()

/** When one's own part in it ends, if it does. */
val FolioLine.endsAt: Instant? get() = until?.instant()

/** When this part ends, if it does. */
val CircleLine.endsAt: Instant? get() = until?.instant()

/** When the part that was proposed would end. */
val Proposed.endsAt: Instant get() = until.instant()

/** When the device was enrolled. */
val DeviceLine.enrolledAt: Instant get() = enrolled.instant()

/** When the first of it came. */
val LateWork.cameAt: Instant get() = since.instant()

/** Until when the link may be used. */
val Invited.expiresAt: Instant get() = expires.instant()

/** Until when the invitation may be used. */
val InvitationPreview.expiresAt: Instant get() = expires.instant()

/** The day that this device's calendar shows, as the library writes days, whatever calendar and digits the phone is set to. */
fun today(): WorkDate = SimpleDateFormat("yyyy-MM-dd", Locale.ROOT).format(Date())

/** A mentor to be invited into one folio, until her part ends. */
fun NewMentor(folio: FolioId, name: String, until: Instant): NewMentor = NewMentor(folio, name, until.millis())

/** A part to be given until a moment. A reader may speak, too, with [mayWrite]. */
fun NewPart(folio: FolioId, person: PersonId, role: Role, until: Instant, mayWrite: Boolean = false): NewPart =
    NewPart(folio, person, role, mayWrite, until.millis())

private fun ULong.instant() = Instant.fromEpochMilliseconds(toLong())

private fun Instant.millis() = toEpochMilliseconds().coerceAtLeast(0).toULong()
