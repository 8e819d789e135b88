// The journey of `mobile/journey.md`, step by step.

import Fieldfolio
import Foundation
import Testing

@Suite(.serialized) struct JourneyTests {
    @Test(.timeLimit(.minutes(5)))
    func oneWayFromTheFirstLinkToTheLastWipe() async throws {
        let journey = try await Journey.begin()
        let (stage, words, library) = (journey.stage, journey.words, journey.library)
        let minasId = try journey.person("mina")

        // 1 · The link is looked at without a network.
        let link = try journey.link("mina")
        let preview = try library.preview(link: link)
        #expect(preview.isPinned && !preview.isOver && preview.person == minasId)
        #expect(Date(millisecondsSince1970: preview.expires) > Date())
        #expect(failure { try library.preview(link: String(link.prefix(60))) }?.isInvitation == true)

        // 2 · It works once.
        let mina = try await journey.enrol("mina")
        let again = await failure { try await library.enrol(link: link, folder: stage.folder("again")) }
        #expect(again?.isInvitation == true)
        #expect(library.isEnrolled(folder: stage.folder("mina")) && !library.isEnrolled(folder: stage.folder("again")))

        // 3 · The school comes.
        #expect(try await mina.syncService().run(for: .seconds(30)).end == .inStep)
        let me = try await mina.me()
        #expect(me.name == "Mina Sample" && me.school?.name == "Sample School")
        #expect(try await mina.folios(student: minasId).count == 3)

        // 4 · Three pieces without a network.
        try await stage.down()
        let changes = mina.changes
        var pieces: [PieceId] = []
        for piece in words.pieces {
            let made = try await mina.capture(new: journey.evidence(piece))
            #expect(made.media.count == 1)
            pieces.append(made.piece)
        }
        let change = try await within(.seconds(5), "a change") { await changes.first { _ in true } }
        #expect(change != nil)
        let captured = try await mina.mine()
        #expect(captured.count == 3 && captured.allSatisfy { $0.whereabouts.at == .here })

        // 5 · Offline, and nothing may be lost.
        #expect(try await mina.syncService().run(for: .seconds(10)).end == .offline)
        #expect(try await mina.syncService().status().connection == .idle)
        let refused = await failure { try await mina.logOut(unsent: .keep) }
        guard case .Unsent(let count, _) = refused else {
            throw Trouble("logging out was not refused: \(refused as Any)")
        }
        #expect(count > 0 && refused?.recovery == .decide)

        // 6 · Words are edited; what is no id is said to be none.
        try await mina.edit(piece: pieces[words.edit.piece], edits: PieceEdits(words: TextEdit(before: try await mina.piece(piece: pieces[words.edit.piece]).words, after: words.edit.words)))
        #expect(try await mina.piece(piece: pieces[words.edit.piece]).words == words.edit.words)
        let none = await failure { try await mina.piece(piece: "none") }
        guard case .Argument = none else { throw Trouble("it was taken for a piece: \(none as Any)") }

        // 7 · Everything goes.
        try await stage.up()
        try await inStep(mina)
        #expect(try await mina.syncService().queue().isEmpty)
        #expect(try await mina.mine().allSatisfy { $0.whereabouts.at == .school })

        // 8 · Her tablet has it.
        let tablet = try await journey.enrol("tablet")
        try await inStep(tablet)
        #expect(try await titles(tablet) == titles(mina))
        var small = try await tablet.mediaPath(piece: pieces[0], variant: .preview)
        if small == nil {
            try await inStep(tablet)
            small = try await tablet.mediaPath(piece: pieces[0], variant: .preview)
        }
        let picture = try Data(contentsOf: URL(fileURLWithPath: #require(small)))
        #expect(picture.starts(with: [0xff, 0xd8]), "the small picture is a JPEG")

        // 9 · The mentor speaks and judges, and is shown no level.
        let lea = try await journey.enrol("lea")
        try await inStep(lea)
        let said = words.feedback
        _ = try await lea.giveFeedback(
            new: NewFeedback(
                piece: pieces[said.piece], about: minasId, didWell: said.didWell, improve: said.improve,
                nextStep: said.nextStep
            ))
        let hers = words.mentorJudgement
        _ = try await lea.assess(new: journey.judgement(hers, on: pieces[hers.piece]))
        try await inStep(lea)
        #expect(try await lea.levels(student: minasId) == nil)

        // 10 · Two teachers judge.
        var teachers: [Store] = []
        for judgement in words.judgements {
            let (teacher, piece) = (try await journey.enrol(#require(judgement.by)), pieces[judgement.piece])
            try await inStep(teacher)
            #expect(try await teacher.reviewQueue().contains { $0.piece.piece == piece })
            _ = try await teacher.assess(new: journey.judgement(judgement, on: piece))
            #expect(try await !teacher.reviewQueue().contains { $0.piece.piece == piece })
            try await inStep(teacher)
            teachers.append(teacher)
        }

        // 11 · Two of three.
        try await inStep(mina)
        _ = try await standing(of: mina, in: journey, is: words.beforeConfirming)

        // 12 · What the mentor judged counts once a teacher takes it as hers.
        let onIt = try await teachers[0].piece(piece: pieces[hers.piece])
        let judged = try onIt.entry { if case .assessment = $0 { true } else { false } }
        _ = try await teachers[0].confirm(piece: pieces[hers.piece], of: judged)
        try await inStep(teachers[0])
        try await inStep(mina)
        let confirmed = try await standing(of: mina, in: journey, is: words.afterwards)
        #expect(confirmed.beside.isEmpty)
        for atBat in confirmed.atBats {
            #expect(!atBat.pieceTitle.isEmpty && atBat.judgements.allSatisfy { !$0.judgeName.isEmpty })
        }

        // 13 · Live, and then not.
        let sync = mina.syncService()
        let statuses = sync.statuses
        sync.goLive()
        try await told(statuses, "live") { $0.connection == .live }
        try await stage.down()
        try await told(statuses, "offline") { $0.connection == .offline }

        // 14 · Work goes on.
        _ = try await mina.capture(new: journey.evidence(words.whileOffline))
        let answered = try await mina.piece(piece: pieces[said.piece])
        let feedback = try answered.entry { if case .feedback = $0 { true } else { false } }
        _ = try await mina.reply(piece: pieces[said.piece], to: feedback, words: words.reply)
        _ = try await mina.reflect(piece: pieces[0], words: TextEdit(before: "", after: words.reflection))
        #expect(try await mina.mine().count == 4)

        // 15 · Paused, as a phone demands of an app that nobody looks at.
        try await mina.pause()
        #expect(await failure { try await mina.me() }?.recovery == .reopen)
        try await mina.resume()
        #expect(try await mina.mine().count == 4)

        // 16 · The network is back.
        try await stage.up()
        try await sync.retry()
        try await told(statuses, "live with nothing waiting") {
            $0.connection == .live && $0.status.waiting.isEmpty && $0.status.uploads.isEmpty
        }

        // 17 · Her mother reads what was said, and takes it home.
        let hana = try await journey.enrol("hana")
        try await inStep(hana)
        let read = try await hana.piece(piece: pieces[0])
        #expect(read.words == words.edit.words)
        _ = try read.entry { if case .feedback(said.didWell, _, _, _, _) = $0 { true } else { false } }
        let exported = try await hana.exportPortfolio(student: minasId, folder: stage.folder("export"))
        #expect(exported.pieces == 4)
        let json = try Data(contentsOf: URL(fileURLWithPath: exported.path))
        let portfolio = try JSONDecoder().decode(Portfolio.self, from: json)
        #expect(portfolio.pieces.count == 4 && portfolio.levels?.outcomes.isEmpty == false)
        let written = String(decoding: json, as: UTF8.self)
        #expect([said.didWell, words.reply, words.reflection].allSatisfy(written.contains))

        // 18 · The end.
        try await tablet.logOut(unsent: .keep)
        #expect(await failure { try await tablet.me() }?.recovery == .reopen)
        let rest = Task { for await _ in mina.changes {} }
        try await mina.wipe()
        #expect(await failure { try await mina.me() }?.recovery == .reopen)
        try await within(.seconds(5), "the end of the streams") {
            for await _ in changes {}
            await rest.value
        }
        #expect(!library.isEnrolled(folder: stage.folder("mina")))
    }
}

/// What is looked at of an exported portfolio.
private struct Portfolio: Decodable {
    struct Levels: Decodable {
        let outcomes: [Standing]
    }
    struct Standing: Decodable {
        let outcome: String
    }
    struct Piece: Decodable {
        let piece: String
    }
    let pieces: [Piece]
    let levels: Levels?
}

private func inStep(_ store: Store) async throws {
    #expect(try await store.syncService().run(for: .seconds(60)).end == .inStep)
}

private func titles(_ store: Store) async throws -> [String] {
    try await store.mine().map(\.title).sorted()
}

/// Waits until a stream tells what is looked for.
private func told(
    _ statuses: AsyncThrowingStream<SyncStatus, any Error>, _ what: String,
    _ isIt: @escaping @Sendable (SyncStatus) -> Bool
) async throws {
    let status = try await within(.seconds(30), what) { try await statuses.first(where: isIt) }
    #expect(status != nil, "the stream ended before it was \(what)")
}

/// Where Mina stands in the journey's outcome, held against what is expected.
private func standing(of mina: Store, in journey: Journey, is expected: Words.Expected) async throws -> OutcomeLevel {
    let levels = try #require(try await mina.levels(student: journey.person("mina")))
    let outcome = try journey.outcome()
    let standing = try #require(levels.outcomes.first { $0.outcome == outcome })
    #expect(levels.whole && standing.whole && standing.state == .level)
    #expect(standing.level == expected.level)
    #expect(standing.tally.atBats == expected.atBats)
    #expect(standing.tally.projects == expected.projects)
    #expect(expected.days.map { $0 == standing.tally.days } ?? true)
    return standing
}

extension Piece {
    /// The first entry of this kind, as others refer to it.
    fileprivate func entry(_ isIt: (EntryBody) -> Bool) throws -> Reference {
        for voice in voices {
            if let entry = voice.entries.first(where: { isIt($0.body) }) {
                return Reference(author: voice.author, about: voice.about, entry: entry.id)
            }
        }
        throw Trouble("nobody said it")
    }
}
