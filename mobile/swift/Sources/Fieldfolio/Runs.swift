// One run of the sync that ends when its task does.

import FieldfolioRaw
import Foundation

extension SyncService {
    /// Syncs until nothing is left to do or the time is over. Cancelling the task ends it: it then reports `.cancelled`,
    /// and what was acknowledged stays so. It ends other runs of this store, too. `run(budget:)` hears no cancelling.
    public func run(for time: Duration) async throws -> SyncReport {
        let underWay = UnderWay()
        return try await withTaskCancellationHandler {
            guard underWay.begin() else { return SyncReport(end: .cancelled, bytesUp: 0, bytesDown: 0) }
            defer { underWay.end() }
            return try await run(budget: SyncBudget(seconds: UInt32(clamping: time.components.seconds)))
        } onCancel: {
            guard underWay.isSo else { return }
            cancel()
            // The library does not hear what is said in the very moment in which it is handed the run. One that is still
            // there is told once more, and no oftener: that could end a run which somebody began meanwhile.
            Task {
                try await Task.sleep(for: .milliseconds(100))
                if underWay.isSo { cancel() }
            }
        }
    }
}

/// Whether a run is in the library's hands.
private final class UnderWay: @unchecked Sendable {
    private let lock = NSLock()
    private var isBegun = false

    var isSo: Bool { lock.withLock { isBegun } }

    /// False if the task was cancelled before: whoever cancels it from now on finds the run under way.
    func begin() -> Bool {
        lock.withLock {
            isBegun = !Task.isCancelled
            return isBegun
        }
    }

    func end() {
        lock.withLock { isBegun = false }
    }
}
