// When a store is open on a phone: while somebody looks at the app, and while it works in the background.

import FieldfolioRaw

/// Keeps a store open while it is used, and paused otherwise.
///
/// iOS ends an app that holds a lock on a database while it is suspended (termination code 0xdead10cc). Several things want
/// the store at once: scenes, background tasks, finished uploads. Each says so here, and the last one out pauses it.
public actor StoreKeeper {
    /// The store. Whoever wants it in the background asks for it with `use`.
    public nonisolated let store: Store
    private var isSeen = false
    private var uses = 0
    private var settling: Task<Void, any Error>?

    /// Nobody looks at the app until `appear`: iOS may have started it for work in the background alone.
    public init(_ store: Store) {
        self.store = store
    }

    /// Somebody looks at the app.
    public func appear() async throws {
        isSeen = true
        try await settle()
    }

    /// Nobody does any more. The store is paused when this returns, unless something still works with it.
    public func disappear() async throws {
        isSeen = false
        try await settle()
    }

    /// Works with the store in the background.
    public func use<Made: Sendable>(_ work: @Sendable (Store) async throws -> Made) async throws -> Made {
        uses += 1
        do {
            try await settle()
            let made = try await work(store)
            try await leave()
            return made
        } catch {
            try? await leave()
            throw error
        }
    }

    private func leave() async throws {
        uses -= 1
        try await settle()
    }

    /// Pausing and resuming wait for each other; the last one finds how things stand by then.
    private func settle() async throws {
        let before = settling
        let mine = Task {
            _ = await before?.result
            let isWanted = isSeen || uses > 0
            if isWanted, store.isPaused() {
                try await store.resume()
            } else if !isWanted, !store.isPaused() {
                try await store.pause()
            }
        }
        settling = mine
        try await mine.value
    }
}
