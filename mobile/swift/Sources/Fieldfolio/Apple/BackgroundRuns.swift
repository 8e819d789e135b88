// Syncing while nobody looks, when iOS grants time for it. Not compiled here: it needs Apple's SDK. Its syntax is checked.
//
// In the app's Info.plist: the identifiers under BGTaskSchedulerPermittedIdentifiers, and `fetch` and `processing` under
// UIBackgroundModes. In the app delegate's `application(_:didFinishLaunchingWithOptions:)`, before it returns:
//
//     runs = BackgroundRuns(refresh: "org.example.refresh", processing: "org.example.sync") { try await openKeeper() }
//     runs.register()
//
// and `runs.schedule()` whenever the app goes to the background.

#if os(iOS)
import BackgroundTasks
import FieldfolioRaw

/// Runs the sync within the time that iOS grants: half a minute now and then, and some minutes at night on a charger.
public struct BackgroundRuns: Sendable {
    private let refresh, processing: String
    private let keeper: @Sendable () async throws -> StoreKeeper

    /// `keeper` opens the store if it is not open yet: iOS may start the app for this alone.
    public init(refresh: String, processing: String, keeper: @escaping @Sendable () async throws -> StoreKeeper) {
        (self.refresh, self.processing, self.keeper) = (refresh, processing, keeper)
    }

    /// Says what is done when iOS grants time. It has to be said before the app has finished launching.
    public func register() {
        for (identifier, time) in [(refresh, Duration.seconds(25)), (processing, .seconds(600))] {
            BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
                run(Granted(task: task), for: time)
            }
        }
    }

    /// Asks for the next time. iOS decides when that is; a request that is there is replaced.
    public func schedule() {
        let soon = BGAppRefreshTaskRequest(identifier: refresh)
        soon.earliestBeginDate = Date(timeIntervalSinceNow: 15 * 60)
        let tonight = BGProcessingTaskRequest(identifier: processing)
        tonight.requiresNetworkConnectivity = true
        for request in [soon, tonight] as [BGTaskRequest] {
            // Where it is not taken (background refresh is switched off), work leaves when the app is opened next.
            try? BGTaskScheduler.shared.submit(request)
        }
    }

    private func run(_ granted: Granted, for time: Duration) {
        schedule()
        let running = Task {
            let report = try? await keeper().use { store in
                try await store.syncService().run(for: time)
            }
            // What is not done now is tried again by the next run; "no success" would only make iOS call later.
            granted.task.setTaskCompleted(success: report != nil)
        }
        // The time is over: the run ends where it is, the store is paused, and the task is said to be done.
        granted.task.expirationHandler = { running.cancel() }
    }
}

/// A task of the system's. It is only told of its end, which any thread may do.
private struct Granted: @unchecked Sendable {
    let task: BGTask
}
#endif
