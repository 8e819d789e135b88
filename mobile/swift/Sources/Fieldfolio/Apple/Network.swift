// What line the phone is on, and when it is back. `StoreKeeper` follows it while the store is open. Not compiled here: it
// needs Apple's SDK. Its syntax is checked.

#if canImport(Network)
import Dispatch
import FieldfolioRaw
import Network

extension SyncService {
    /// Says whether the line is paid by the byte, and tries again whenever the network changes or comes back, until its task
    /// is cancelled. A store that is paused has to be told anew: begin it again after `resume`.
    public func followNetwork() async {
        let (lines, told) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let monitor = NWPathMonitor()
        defer { monitor.cancel() }
        monitor.pathUpdateHandler = { path in
            if path.status == .satisfied { told.yield(path.isExpensive) }
        }
        monitor.start(queue: DispatchQueue(label: "org.fieldfolio.network"))
        for await isMetered in lines {
            try? await setMetered(isMetered: isMetered)
            try? await retry()
        }
    }
}
#endif
