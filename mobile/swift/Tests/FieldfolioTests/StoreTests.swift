// Streams, runs and pauses, each on a school of its own.

import Fieldfolio
import Foundation
import Testing

@Suite(.serialized) struct StoreTests {
    @Test(.timeLimit(.minutes(2)))
    func aCancelledStreamEndsAndOthersGoOn() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let other = mina.changes
        let (changes, statuses) = (mina.changes, mina.syncService().statuses)
        let listening = Task { for await _ in changes {} }
        let looking = Task { for try await _ in statuses {} }
        listening.cancel()
        looking.cancel()
        try await within(.seconds(5), "the end of both") {
            await listening.value
            try await looking.value
        }

        _ = try await mina.capture(new: journey.evidence(journey.words.whileOffline))
        let heard = try await within(.seconds(5), "a change") { await other.first { _ in true } }
        #expect(heard != nil)
    }

    @Test(.timeLimit(.minutes(2)))
    func aCancelledRunEndsAndTheStoreGoesOn() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let sync = mina.syncService()
        let statuses = sync.statuses

        // Nothing answers any more: without being cancelled it would take its minutes.
        journey.stage.stall()
        let run = Task { try await sync.run(for: .seconds(600)) }
        _ = try await within(.seconds(10), "the run") { try await statuses.first { $0.connection == .syncing } }
        run.cancel()
        let report = try await within(.seconds(5), "the run's end") { try await run.value }
        #expect(report.end == .cancelled)
        _ = try await mina.capture(new: journey.evidence(journey.words.whileOffline))
        #expect(try await mina.mine().count == 1)

        journey.stage.goOn()
        #expect(try await sync.run(for: .seconds(60)).end == .inStep)
        #expect(try await mina.mine().allSatisfy { $0.whereabouts.at == .school })
    }

    @Test(.timeLimit(.minutes(2)))
    func aRunThatIsCancelledBeforeItBeginsDoesNothing() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let sync = mina.syncService()
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await sync.run(for: .seconds(600))
        }
        #expect(try await run.value == SyncReport(end: .cancelled, bytesUp: 0, bytesDown: 0))
    }

    @Test(.timeLimit(.minutes(2)))
    func whatEightTasksCaptureAtOnceIsAllThere() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        _ = try await mina.syncService().run(for: .seconds(30))
        let photo = URL(fileURLWithPath: journey.stage.told.photos[0])
        let made = try await withThrowingTaskGroup(of: [PieceId].self) { group in
            for task in 1...8 {
                group.addTask {
                    let shown = try await mina.capture([photo], as: NewEvidence(title: "Leaf \(task)"))
                    let written = try await mina.capture(new: NewEvidence(title: "Words on leaf \(task)"))
                    return [shown.piece, written.piece]
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let mine = try await mina.mine()
        #expect(made.count == 16 && Set(mine.map(\.piece)) == Set(made))
        #expect(mine.filter { $0.photos == 1 }.count == 8)
    }

    @Test(.timeLimit(.minutes(2)))
    func aStoreIsOpenWhileSomethingUsesIt() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let keeper = StoreKeeper(mina)
        try await keeper.disappear()
        #expect(mina.isPaused())

        // A background task and a finished upload at once; the first to leave does not pause it for the other.
        let words = journey.words.whileOffline
        let new = try journey.evidence(words)
        try await keeper.use { store in
            _ = try await keeper.use { try await $0.capture(new: new) }
            #expect(try await store.mine().count == 1)
        }
        #expect(mina.isPaused())
        await #expect(throws: Trouble.self) { try await keeper.use { _ in throw Trouble("sample") } }
        #expect(mina.isPaused())

        try await keeper.appear()
        #expect(try await mina.mine().count == 1)
        // Away and back in the same moment: what came last holds.
        for _ in 0..<20 {
            async let away: Void = keeper.disappear()
            async let back: Void = keeper.appear()
            _ = try await (away, back)
            try await keeper.appear()
            #expect(!mina.isPaused())
        }
    }
}
