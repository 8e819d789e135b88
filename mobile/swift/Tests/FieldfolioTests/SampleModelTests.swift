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
        let isSaved = await model.capture([NewFile(photo)], title: "Leaf", words: "", day: Date(), folio: place)
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
