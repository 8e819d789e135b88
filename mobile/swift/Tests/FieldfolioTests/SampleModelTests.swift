// The model of the sample app in `mobile/samples/ios`, which is compiled here through a link, on a school of its own.

import Fieldfolio
import Foundation
import Observation
import Testing

@MainActor
struct SampleModelTests {
    @Test(.timeLimit(.minutes(2)))
    func oneSignsInCapturesAndSeesItArrive() async throws {
        let journey = try await Journey.begin()
        let folder = URL(fileURLWithPath: journey.stage.folder("mina"))
        let model = PortfolioModel(folder: folder)
        await model.start()
        let link = try journey.link("mina")
        #expect(model.preview("half of it") == nil && model.preview(" \(link)\n")?.isOver == false)
        await model.signIn(" \(link)\n")
        let listening = Task { await model.listen() }
        try await until("her places are here") { model.me?.name == "Mina Sample" && !model.places.isEmpty }

        try await journey.stage.down()
        let (photo, place) = (URL(fileURLWithPath: journey.stage.told.photos[0]), model.places.first)
        let isSaved = await model.capture([photo], title: "Leaf", words: "", day: Date(), folio: place)
        #expect(isSaved && !model.isTroubled)
        try await until("it is in the list") { model.pieces.map(\.title) == ["Leaf"] }
        #expect(await model.picture(of: model.pieces[0].piece) != nil)

        try await journey.stage.up()
        await model.retry()
        try await until("it has arrived") { model.pieces.first?.whereabouts.at == .school }
        listening.cancel()
        try await within(.seconds(5), "the end of listening") { await listening.value }
    }

    @Test(.timeLimit(.minutes(2)))
    func whoeverSignsOutLeavesNothingBehind() async throws {
        let journey = try await Journey.begin()
        let model = PortfolioModel(folder: URL(fileURLWithPath: journey.stage.folder("mina")))
        var forgotten = 0
        model.afterSigningOut = { forgotten += 1 }
        await model.start()
        await model.signIn(try journey.link("mina"))
        let listening = Task { await model.listen() }
        try await until("it shows something") { model.me != nil && model.sync != nil && !model.places.isEmpty }
        _ = await model.capture([], title: "Leaf", words: "", day: Date(), folio: model.places.first)
        try await until("it is in the list") { model.pieces.count == 1 }

        await model.signOut()
        try await within(.seconds(5), "the end of listening") { await listening.value }
        #expect(model.me == nil && model.pieces.isEmpty && model.places.isEmpty && model.sync == nil)
        #expect(forgotten == 1 && !model.isTroubled)
        guard case .signedOut = model.phase else { throw Trouble("somebody is signed in") }
    }

    @Test(.timeLimit(.minutes(2)))
    func whatCannotBeOpenedIsTriedAgain() async throws {
        let journey = try await Journey.begin()
        let (path, aside) = (journey.stage.folder("mina"), journey.stage.folder("aside"))
        try await journey.enrol("mina").pause()
        let database = URL(fileURLWithPath: path).appendingPathComponent("fieldfolio.db")
        try FileManager.default.moveItem(atPath: database.path, toPath: aside)
        try FileManager.default.createDirectory(at: database, withIntermediateDirectories: false)

        let model = PortfolioModel(folder: URL(fileURLWithPath: path))
        await model.start()
        #expect(model.shut != nil && !model.isTroubled)
        await model.tryAgain()
        #expect(model.shut != nil)
        try FileManager.default.removeItem(at: database)
        try FileManager.default.moveItem(atPath: aside, toPath: database.path)
        await model.tryAgain()
        guard case .open = model.phase else { throw Trouble("it is not open") }
        #expect(model.shut == nil)
    }

    @Test(.timeLimit(.minutes(2)))
    func aLinkThatWasUsedSaysSoInTheAppsWords() async throws {
        let journey = try await Journey.begin()
        _ = try await journey.enrol("mina")
        let model = PortfolioModel(folder: URL(fileURLWithPath: journey.stage.folder("again")))
        await model.start()
        await model.signIn(try journey.link("mina"))
        #expect(model.trouble == "This invitation can't be used. Ask your teacher for a new one.")
        model.isTroubled = false
        #expect(model.trouble == nil)
    }
}

/// Waits until what a model shows is so.
@MainActor
private func until(_ what: String, _ isSo: @escaping @MainActor @Sendable () -> Bool) async throws {
    try await within(.seconds(30), what) {
        while await !changed(from: isSo) {}
    }
}

/// True if it is so; else waits for a change of what was looked at.
@MainActor
private func changed(from isSo: @escaping @MainActor @Sendable () -> Bool) async -> Bool {
    let (changes, change) = AsyncStream.makeStream(of: Void.self)
    if withObservationTracking(isSo, onChange: { change.finish() }) { return true }
    for await _ in changes {}
    return false
}
