// When a store is open on a phone: while somebody looks at the app, and while it works in the background.

import FieldfolioRaw
import Foundation

/// Keeps a store open while it is used, and paused otherwise.
///
/// iOS ends an app that holds a lock on a database while it is suspended (termination code 0xdead10cc). Several things want
/// the store at once: scenes, background tasks, finished uploads. Each says so here, and the last one out pauses it.
public actor StoreKeeper {
    /// The store. Whoever wants it in the background asks for it with `use`.
    public nonisolated let store: Store
    private var viewers: Set<UUID> = []
    private var uses = 0
    private var settling: Task<Void, any Error>?
    private var line: Task<Void, Never>?

    /// Nobody looks at the app until `appear`: iOS may have started it for work in the background alone.
    public init(_ store: Store) {
        self.store = store
    }

    deinit {
        line?.cancel()
    }

    /// Somebody looks at the app through this window. If the store can't be opened now, `settle` tries it again.
    public func appear(_ window: UUID) async throws {
        viewers.insert(window)
        try await settle()
    }

    /// Nobody looks through this window any more. The store is paused when this returns, unless somebody looks through
    /// another or something still works with it.
    public func disappear(_ window: UUID) async throws {
        viewers.remove(window)
        try await settle()
    }

    /// Works with the store in the background.
    public func use<Made: Sendable>(_ work: @Sendable (Store) async throws -> Made) async throws -> Made {
        uses += 1
        let made: Result<Made, any Error>
        do {
            try await settle()
            made = .success(try await work(store))
        } catch {
            made = .failure(error)
        }
        uses -= 1
        // What was done is done, even if the store can't be paused now.
        try? await settle()
        return try made.get()
    }

    /// Opens or pauses the store, as it is wanted now. Pausing and resuming wait for each other; the last one finds how
    /// things stand by then.
    public func settle() async throws {
        let before = settling
        let mine = Task {
            _ = await before?.result
            let isWanted = !viewers.isEmpty || uses > 0
            if isWanted {
                if store.isPaused() { try await store.resume() }
                followLine()
            } else {
                line?.cancel()
                line = nil
                if !store.isPaused() { try await store.pause() }
            }
        }
        settling = mine
        try await mine.value
    }

    /// While the store is paused nobody listens to the network, and it may change meanwhile: it is told anew after each.
    private func followLine() {
        #if canImport(Network)
        if line == nil {
            line = Task { [store] in await store.syncService().followNetwork() }
        }
        #endif
    }
}
