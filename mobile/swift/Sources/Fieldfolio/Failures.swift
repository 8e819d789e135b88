// What could not be done, in words for developers, and what an app can do about it.

import FieldfolioRaw
import Foundation

// With this, `localizedDescription` is the reason alone: generated code asks the runtime how an error describes itself.
extension FieldfolioError: CustomStringConvertible {}

extension FieldfolioError {
    /// What an app does about it.
    public enum Recovery: Sendable, Hashable {
        /// Do it again, or look again, once there is a network and the device has synced.
        case sync
        /// Ask for a new invitation. What this device holds stays readable.
        case signIn
        /// Offer `Store.freeSpace`, then do it again.
        case freeSpace
        /// Say it beside the field or the file; the person corrects it.
        case correct
        /// Don't offer it to this person.
        case leave
        /// Ask the person whether what has not reached the school may be lost.
        case decide
        /// Resume the store, or open another.
        case reopen
        /// Keep the store's folder and report it: a mistake in the app, or a store that needs help.
        case report
    }

    /// What to do about it.
    public var recovery: Recovery {
        switch self {
        case .Offline, .Missing: .sync
        case .SignIn, .Invitation: .signIn
        case .Space: .freeSpace
        case .Media, .TooLong: .correct
        case .Refused: .leave
        case .Unsent: .decide
        case .Closed: .reopen
        case .Argument, .Broken: .report
        }
    }
}
