// One run of the sync that ends when its task does.

import FieldfolioRaw

extension SyncService {
    /// Syncs until nothing is left to do or the time is over. Cancelling the task ends it: it then reports `.cancelled`,
    /// and what was acknowledged stays so. It ends other runs of this store, too. `run(budget:)` hears no cancelling.
    public func run(for time: Duration) async throws -> SyncReport {
        if Task.isCancelled {
            return SyncReport(end: .cancelled, bytesUp: 0, bytesDown: 0)
        }
        return try await withTaskCancellationHandler {
            try await run(budget: SyncBudget(seconds: UInt32(clamping: time.components.seconds)))
        } onCancel: {
            cancel()
        }
    }
}
