// The store is paused when nobody looks at the app. Not compiled here: it needs Apple's SDK. Its syntax is checked.

#if os(iOS)
import SwiftUI

extension View {
    /// Keeps the store open while this is on the screen, and pauses it when the app goes to the background. To be put on
    /// the root view of each window.
    ///
    /// `leaving` is done first, while the store is still open: handing files to a background session, say. iOS grants some
    /// seconds for both. `failed` hears why the store can't be opened: say so, and offer `StoreKeeper.settle`.
    public func keepsOpen(
        _ keeper: StoreKeeper, leaving: @escaping @MainActor () async -> Void = {},
        returned: @escaping @MainActor () async -> Void = {},
        failed: @escaping @MainActor (any Error) -> Void
    ) -> some View {
        modifier(KeepsOpen(keeper: keeper, leaving: leaving, returned: returned, failed: failed))
    }
}

private struct KeepsOpen: ViewModifier {
    let keeper: StoreKeeper
    let leaving, returned: @MainActor () async -> Void
    let failed: @MainActor (any Error) -> Void
    @Environment(\.scenePhase) private var phase
    @State private var window = UUID()
    @State private var going: Task<Void, Never>?

    func body(content: Content) -> some View {
        content
            .onAppear { follow(phase) }
            .onChange(of: phase) { follow($0) }
    }

    private func follow(_ phase: ScenePhase) {
        switch phase {
        case .background: leave()
        case .active: enter()
        // A call comes in, or the app switcher is open: it goes on being seen.
        case .inactive: break
        @unknown default: break
        }
    }

    private func leave() {
        let (before, grace) = (going, Grace())
        going = Task {
            await before?.value
            await leaving()
            try? await keeper.disappear(window)
            grace.end()
        }
    }

    private func enter() {
        let before = going
        going = Task {
            await before?.value
            do {
                try await keeper.appear(window)
            } catch {
                failed(error)
                return
            }
            await returned()
        }
    }
}

/// Some seconds more, which iOS grants to who asks for them before the app is suspended.
@MainActor
private final class Grace {
    private var task = UIBackgroundTaskIdentifier.invalid

    init() {
        task = UIApplication.shared.beginBackgroundTask { [weak self] in
            MainActor.assumeIsolated { self?.end() }
        }
    }

    func end() {
        UIApplication.shared.endBackgroundTask(task)
        task = .invalid
    }
}
#endif
