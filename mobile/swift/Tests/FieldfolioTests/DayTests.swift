// Days and moments survive the way to the library and back.

import Fieldfolio
import Foundation
import Testing

struct DayTests {
    @Test func aMomentIsTheSameBothWays() {
        let moment = Date(millisecondsSince1970: 1_789_000_000_123)
        #expect(moment.millisecondsSince1970 == 1_789_000_000_123)
        #expect(Date(timeIntervalSince1970: -5).millisecondsSince1970 == 0)
    }

    @Test func aDayDependsOnWhereOneIs() throws {
        // Half past eleven in the evening in Greenwich.
        let moment = Date(timeIntervalSince1970: 1_789_169_400)
        let tokyo = try #require(TimeZone(identifier: "Asia/Tokyo"))
        #expect(Day(of: moment, in: .gmt).description == "2026-09-11")
        #expect(Day(of: moment, in: tokyo).description == "2026-09-12")
        #expect(Day(of: moment, in: .gmt) < Day(of: moment, in: tokyo))
    }

    @Test(arguments: ["2026-09-07", "2024-02-29", "1999-12-31"])
    func aDayIsReadAndWrittenAlike(_ text: String) throws {
        let day = try #require(Day(text))
        #expect(day.description == text)
        let zone = try #require(TimeZone(identifier: "America/Sao_Paulo"))
        #expect(Day(of: day.start(in: zone), in: zone) == day)
    }

    @Test(arguments: ["", "2026-9-7", "2026-02-30", "2026-09-07T10:00", "no day", "-026-09-07", "2569-13-01"])
    func whatIsNoDayIsNone(_ text: String) {
        #expect(Day(text) == nil)
    }
}
