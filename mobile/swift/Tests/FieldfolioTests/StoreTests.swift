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
    func aRunThatIsCancelledAsItIsHandedOverEnds() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let sync = CancelledOnTheWay(unsafeFromHandle: mina.syncService().uniffiCloneHandle())
        journey.stage.stall()
        let run = Task { try await sync.run(for: .seconds(600)) }
        let report = try await within(.seconds(10), "the run's end") { try await run.value }
        #expect(report.end == .cancelled)
        journey.stage.goOn()
    }

    @Test(.timeLimit(.minutes(2)))
    func whatIsWatchedIsSeenAtOnceAfterChangesAndAfterAPause() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let titles = mina.watching { try await $0.mine().map(\.title).sorted() }
        try await seen(titles, [])
        _ = try await mina.capture(new: NewEvidence(workDate: "2026-05-04", title: "Worms"))
        try await seen(titles, ["Worms"])

        // Begun while there is nothing to look at.
        try await mina.pause()
        let (looks, looked) = AsyncStream.makeStream(of: Void.self)
        let late = mina.watching { store in
            defer { looked.yield() }
            return try await store.mine().map(\.title).sorted()
        }
        _ = await looks.first { true }
        try await mina.resume()
        try await seen(late, ["Worms"])
        _ = try await mina.capture(new: NewEvidence(workDate: "2026-05-04", title: "Snails"))
        try await seen(titles, ["Snails", "Worms"])

        try await mina.wipe()
        try await within(.seconds(5), "the end of both") {
            for try await _ in titles {}
            for try await _ in late {}
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func whoWatchesHearsWhatElseGoesWrong() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let watching = mina.watching { _ in throw Trouble("sample") }
        await #expect(throws: Trouble.self) { for try await _ in watching {} }
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
                    let shown = try await mina.capture([photo], as: NewEvidence(workDate: "2026-05-04", title: "Leaf \(task)"))
                    let written = try await mina.capture(new: NewEvidence(workDate: "2026-05-04", title: "Words on leaf \(task)"))
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
        let (keeper, window) = (StoreKeeper(mina), UUID())
        try await keeper.disappear(window)
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

        try await keeper.appear(window)
        #expect(try await mina.mine().count == 1)
        // Away and back in the same moment: what came last holds.
        for _ in 0..<20 {
            async let away: Void = keeper.disappear(window)
            async let back: Void = keeper.appear(window)
            _ = try await (away, back)
            try await keeper.appear(window)
            #expect(!mina.isPaused())
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aStoreIsOpenUntilTheLastWindowGoes() async throws {
        let journey = try await Journey.begin()
        let mina = try await journey.enrol("mina")
        let (keeper, one, other) = (StoreKeeper(mina), UUID(), UUID())
        try await keeper.appear(one)
        try await keeper.appear(other)
        try await keeper.appear(other)
        try await keeper.disappear(other)
        #expect(!mina.isPaused())
        try await keeper.disappear(one)
        #expect(mina.isPaused())
    }

    @Test(.timeLimit(.minutes(2)))
    func whatWasDoneIsDoneEvenIfPausingFails() async throws {
        let journey = try await Journey.begin()
        let mina = Restless(unsafeFromHandle: try await journey.enrol("mina").uniffiCloneHandle())
        let keeper = StoreKeeper(mina)
        for _ in 0..<2 {
            #expect(try await keeper.use { try await $0.mine() }.isEmpty)
        }
        // Whoever left is counted as gone, once.
        mina.isRestless = false
        #expect(try await keeper.use { try await $0.mine() }.isEmpty)
        #expect(mina.isPaused())
        #expect(try await keeper.use { try await $0.mine() }.isEmpty)
        #expect(mina.isPaused())
    }
}

/// Waits until a stream tells this.
private func seen(_ told: AsyncThrowingStream<[String], any Error>, _ what: [String]) async throws {
    let found = try await within(.seconds(10), "\(what)") { try await told.first { $0 == what } }
    #expect(found == what)
}

/// A run whose task is cancelled when it is on its way and the library does not have it yet.
private final class CancelledOnTheWay: SyncService, @unchecked Sendable {
    override func run(budget: SyncBudget) async throws -> SyncReport {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await super.run(budget: budget)
    }
}

/// A store that can't be paused for a while.
private final class Restless: Store, @unchecked Sendable {
    var isRestless = true

    override func pause() async throws {
        if isRestless { throw FieldfolioError.Broken(reason: "sample") }
        try await super.pause()
    }
}
