// The journey's words and numbers, as `mobile/journey.json` holds them.

import Fieldfolio
import Foundation

struct Words: Decodable {
    struct Piece: Decodable {
        let photo: Int
        let title, words, alt, folio, workDate: String
    }
    struct Edit: Decodable {
        let piece: Int
        let words: String
    }
    struct Feedback: Decodable {
        let piece: Int
        let didWell, improve, nextStep: String
    }
    struct Judgement: Decodable {
        let by: String?
        let piece: Int
        let level: UInt8
        let nextStep: String
    }
    struct Expected: Decodable {
        let level: UInt8
        let atBats, projects: UInt32
        let days: UInt32?
    }
    struct Alone: Decodable {
        let title, words, folio: String
    }

    let outcome: String
    let pieces: [Piece]
    let edit: Edit
    let feedback: Feedback
    let reply, reflection: String
    let mentorJudgement: Judgement
    let judgements: [Judgement]
    let beforeConfirming, afterwards: Expected
    let whileOffline: Alone

    static func read() throws -> Words {
        let here = URL(fileURLWithPath: #filePath)
        let mobile = (0..<4).reduce(here) { folder, _ in folder.deletingLastPathComponent() }
        let named = ProcessInfo.processInfo.environment["FIELDFOLIO_JOURNEY"].map { URL(fileURLWithPath: $0) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let json = try Data(contentsOf: named ?? mobile.appendingPathComponent("journey.json"))
        return try decoder.decode(Words.self, from: json)
    }
}

/// A stage with the words that are said on it.
struct Journey {
    let stage: Stage
    let words: Words
    let library = Fieldfolio(config: Config(logLevel: .off))

    static func begin() async throws -> Journey {
        Journey(stage: try await Stage.set(), words: try Words.read())
    }

    func link(_ device: String) throws -> String { try named(device, in: stage.told.links) }
    func person(_ name: String) throws -> PersonId { try named(name, in: stage.told.people) }
    func folio(_ name: String) throws -> FolioId { try named(name, in: stage.told.folios) }
    func outcome() throws -> OutcomeId { try named(words.outcome, in: stage.told.outcomes) }

    /// A device of somebody's, not in step yet.
    func enrol(_ device: String) async throws -> Store {
        try await library.enrol(link: link(device), folder: stage.folder(device))
    }

    func evidence(_ piece: Words.Piece) throws -> NewEvidence {
        var new = try evidence(Words.Alone(title: piece.title, words: piece.words, folio: piece.folio))
        new.files = [NewFile(URL(fileURLWithPath: stage.told.photos[piece.photo]), alt: piece.alt)]
        new.workDate = piece.workDate
        new.outcomes = [try outcome()]
        return new
    }

    func evidence(_ alone: Words.Alone) throws -> NewEvidence {
        NewEvidence(
            workDate: "2026-05-04", title: alone.title, words: alone.words, folios: [try folio(alone.folio)],
            audience: [.owner, .teacher, .mentor, .guardian]
        )
    }

    func judgement(_ of: Words.Judgement, on piece: PieceId) throws -> NewAssessment {
        NewAssessment(
            piece: piece, student: try person("mina"), outcome: try outcome(), level: of.level, weight: .summative,
            nextStep: of.nextStep
        )
    }

    private func named(_ name: String, in all: [String: String]) throws -> String {
        guard let found = all[name] else { throw Trouble("the stage knows no \(name)") }
        return found
    }
}
