// What the views show and do. It knows no SwiftUI, and compiles wherever the library does.

import Fieldfolio
import Foundation
import Observation

@MainActor
@Observable
final class PortfolioModel {
    enum Phase {
        case starting, signedOut
        case open(StoreKeeper)
    }

    private(set) var phase = Phase.starting
    private(set) var me: Me?
    private(set) var pieces: [PieceLine] = []
    /// Folios that a new piece can be placed in.
    private(set) var places: [FolioLine] = []
    private(set) var sync: SyncStatus?
    /// Rises whenever something changed: views that show more than lists look again.
    private(set) var version: UInt64 = 0
    /// Why the store can't be opened now: `tryAgain`.
    private(set) var shut: String?
    private(set) var trouble: String?
    var isTroubled: Bool {
        get { trouble != nil }
        set { if !newValue { trouble = nil } }
    }

    /// What else of theirs is to be forgotten once somebody has signed out.
    @ObservationIgnored var afterSigningOut: () async -> Void = {}
    private let library = Fieldfolio(config: Config(logLevel: .error))
    private let folder: URL

    init(folder: URL) {
        self.folder = folder
    }

    private var store: Store? {
        if case .open(let keeper) = phase { keeper.store } else { nil }
    }

    // MARK: Signing in

    /// Opens what is on this device; there may be nothing yet.
    func start() async {
        guard case .starting = phase else { return }
        guard library.isEnrolled(folder: folder.path) else {
            phase = .signedOut
            return
        }
        do {
            _ = try await opened()
        } catch {
            couldNotOpen(error)
        }
    }

    func couldNotOpen(_ error: any Error) {
        shut = Self.words(for: error)
    }

    /// Opens once more what could not be opened.
    func tryAgain() async {
        shut = nil
        guard case .open(let keeper) = phase else {
            await start()
            return
        }
        do {
            try await keeper.settle()
        } catch {
            couldNotOpen(error)
        }
    }

    /// The one store of this app with its keeper: for views, and for what iOS starts in the background.
    func opened() async throws -> StoreKeeper {
        if case .open(let keeper) = phase { return keeper }
        let store = try await library.open(folder: folder)
        // Somebody else may have opened it meanwhile; there is one keeper.
        if case .open(let keeper) = phase { return keeper }
        let keeper = StoreKeeper(store)
        (phase, shut) = (.open(keeper), nil)
        return keeper
    }

    /// What a link says before anything is done with it.
    func preview(_ link: String) -> InvitationPreview? {
        try? library.preview(link: link.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func signIn(_ link: String) async {
        await attempt {
            let link = link.trimmingCharacters(in: .whitespacesAndNewlines)
            let store = try await self.library.enrol(link: link, folder: self.folder)
            self.phase = .open(StoreKeeper(store))
        }
    }

    func signOut() async {
        await attempt {
            try await self.store?.logOut(unsent: .sendFirst(seconds: 30))
            self.phase = .signedOut
            (self.me, self.pieces, self.places, self.sync) = (nil, [], [], nil)
            await self.afterSigningOut()
        }
    }

    // MARK: Looking

    /// Stays in step with the store and the school until its task is cancelled.
    func listen() async {
        guard let store else { return }
        let service = store.syncService()
        let seen = store.watching { (try await $0.me(), try await $0.mine(), try await $0.places()) }
        service.goLive()
        async let told: Void = follow(service, of: store)
        await attempt {
            // What was seen before somebody signed out may come after it.
            for try await now in seen where self.store === store {
                (self.me, self.pieces, self.places) = now
                self.version += 1
            }
        }
        await told
    }

    private func follow(_ service: SyncService, of store: Store) async {
        await attempt {
            for try await status in service.statuses where self.store === store {
                self.sync = status
            }
        }
    }

    func piece(_ piece: PieceId) async -> Piece? {
        try? await store?.piece(piece: piece)
    }

    /// Where the small picture of a piece lies; nothing until it has come.
    func picture(of piece: PieceId) async -> URL? {
        guard let path = try? await store?.mediaPath(piece: piece, variant: .preview) else { return nil }
        return URL(fileURLWithPath: path)
    }

    func retry() async {
        await attempt { try await self.store?.syncService().retry() }
    }

    // MARK: Doing

    /// True once it is on disk, whatever the network does.
    func capture(_ files: [URL], title: String, words: String, day: Date, folio: FolioLine?) async -> Bool {
        await attempt {
            _ = try await self.store?.capture(
                files,
                as: NewEvidence(
                    workDate: Day(of: day).description, title: title, words: words,
                    folios: folio.map { [$0.folio] } ?? [],
                    audience: folio == nil ? nil : [.teacher, .mentor, .guardian]
                ))
        }
    }

    func giveFeedback(on piece: PieceId, about: PersonId?, didWell: String, nextStep: String) async -> Bool {
        await attempt {
            _ = try await self.store?.giveFeedback(
                new: NewFeedback(piece: piece, about: about, didWell: didWell, nextStep: nextStep))
        }
    }

    /// Does it, and says in this app's own words what came in between.
    @discardableResult
    private func attempt(_ work: () async throws -> Void) async -> Bool {
        do {
            try await work()
            return true
        } catch {
            trouble = Self.words(for: error)
            return false
        }
    }

    private static func words(for error: any Error) -> String {
        switch (error as? FieldfolioError)?.recovery {
        case .sync: "The school can't be reached now. Your work is kept on this phone."
        case .signIn: "This invitation can't be used. Ask your teacher for a new one."
        case .freeSpace: "This phone is full. Free some room, and do it again."
        // These are about the very thing one is doing; the reason names it.
        case .correct: error.localizedDescription
        case .leave: "You may not do this here."
        case .decide: "Some of your work is not at school yet. Stay near a network for a while."
        case .reopen: "Your portfolio is closed now. Your work is safe; do it again."
        case .report: "The app made a mistake. Your work is safe; please tell your school."
        case nil: "Something unexpected happened. Your work is safe."
        }
    }
}
