// What an app waits for, through the bindings: CPU milliseconds of this process, the least of some. `FIELDFOLIO_BENCH` names a
// folder that `fieldfolio-journey --store FOLDER 300` made.

import Fieldfolio
import Foundation
import Testing

private let bench = ProcessInfo.processInfo.environment["FIELDFOLIO_BENCH"]

@Suite(.serialized, .enabled(if: bench != nil)) struct BenchTests {
    @Test func whatAnAppWaitsFor() async throws {
        let made = URL(fileURLWithPath: try #require(bench))
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.copyItem(at: made.appendingPathComponent("store"), to: copy)
        let library = Fieldfolio(config: Config(logLevel: .off))
        let store = try await library.open(folder: copy.path)
        let garden = try await store.folios()[1].folio
        let photo = NewFile(made.appendingPathComponent("photo.jpg"))
        let leaf = NewEvidence(workDate: "2026-05-04", files: [photo], title: "Leaf", folios: [garden])

        say("pause and resume", try await least(20) {
            try await store.pause()
            try await store.resume()
        })
        say("list of \(try await store.mine().count)", try await least(50) { _ = try await store.mine() })
        say("one folio with its pieces", try await least(50) { _ = try await store.folio(folio: garden) })
        say("capture of a photo of 4 MB", try await least(8) { _ = try await store.capture(new: leaf) })
        try await store.wipe()
    }

    private func least(_ times: Int, _ work: () async throws -> Void) async throws -> Double {
        var least = Double.infinity
        for _ in 0..<times {
            let began = clock()
            try await work()
            least = min(least, Double(clock() - began) / Double(CLOCKS_PER_SEC) * 1000)
        }
        return least
    }

    private func say(_ what: String, _ milliseconds: Double) {
        let name = what.padding(toLength: 45, withPad: " ", startingAt: 0)
        print("Swift: \(name) \(String(format: "%8.1f", milliseconds)) ms")
    }
}
