// Days and moments, between Foundation and the library.

import FieldfolioRaw
import Foundation

extension Date {
    /// A moment as the library tells it: when something was made, until when a part lasts, when an invitation is over.
    public init(millisecondsSince1970 milliseconds: UInt64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// The same for the library: until when a mentor's part lasts, say. Moments before 1970 are its beginning.
    public var millisecondsSince1970: UInt64 {
        UInt64(max(0, timeIntervalSince1970 * 1000).rounded())
    }
}

/// A day of work: what a date picker holds, without its time.
///
/// Its text is the library's `WorkDate`, which counts days as ISO 8601 does. A phone may be set to the Buddhist or the
/// Japanese calendar, and write other digits: a day that is formatted by the phone's own calendar would be another one.
public struct Day: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let year, month, day: Int

    /// The day on which a moment falls.
    public init(of moment: Date, in zone: TimeZone = .current) {
        let parts = Self.calendar(zone).dateComponents([.year, .month, .day], from: moment)
        (year, month, day) = (parts.year ?? 1970, parts.month ?? 1, parts.day ?? 1)
    }

    /// The day that this device's calendar shows.
    public static var today: Day { Day(of: Date()) }

    /// The day of a record; nothing for what is none.
    public init?(_ text: WorkDate) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let lengths = parts.map(\.utf8.count)
        guard lengths == [4, 2, 2], let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]) else {
            return nil
        }
        (self.year, self.month, self.day) = (year, month, day)
        let zone = TimeZone.gmt
        guard Self(of: start(in: zone), in: zone) == self else { return nil }
    }

    /// Its first moment, to be formatted or shown in a date picker.
    public func start(in zone: TimeZone = .current) -> Date {
        let parts = DateComponents(year: year, month: month, day: day)
        let calendar = Self.calendar(zone)
        return calendar.date(from: parts).map(calendar.startOfDay) ?? .distantPast
    }

    /// As the library writes it: `2026-11-22`.
    public var description: WorkDate {
        let digits = { (number: Int, length: Int) in
            String(repeating: "0", count: max(0, length - String(number).count)) + String(number)
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }

    public static func < (one: Day, other: Day) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }

    private static func calendar(_ zone: TimeZone) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }
}
