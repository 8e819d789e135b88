// What the library tells, as sequences. They end when the store is gone, when their task is cancelled, and when nobody
// holds them any more. Whoever listens slowly hears the newest.
//
// Cancelling a task does not reach the library by itself: a task of its own waits there, and ending the stream answers it.

import FieldfolioRaw

extension Store {
    /// Tells that something changed, from now on: how often something has since the store was opened.
    public var changes: AsyncStream<UInt64> {
        // Opened here, not when the first value is asked for: nothing that happens in between is missed.
        let changes = openChangeStream()
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { told in
            let pulling = Task {
                while !Task.isCancelled, let count = await changes.next() {
                    told.yield(count)
                }
                told.finish()
            }
            told.onTermination = { _ in
                pulling.cancel()
                changes.end()
            }
        }
    }

    /// What `look` sees now, and then again whenever something has changed:
    ///
    ///     for try await mine in store.watching({ try await $0.mine() }) {
    ///         pieces = mine
    ///     }
    ///
    /// While the store is paused there is nothing to look at: it goes on after `resume`. It ends when the store is gone, and
    /// throws what else `look` throws.
    public func watching<Seen: Sendable>(
        _ look: @escaping @Sendable (Store) async throws -> Seen
    ) -> AsyncThrowingStream<Seen, any Error> {
        // Opened before the first look: no change falls between the two.
        let changes = openChangeStream()
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { told in
            let pulling = Task {
                do {
                    repeat {
                        do {
                            told.yield(try await look(self))
                        } catch FieldfolioError.Closed {
                            // A store that is paused tells of a change once it is resumed; one that is gone ends.
                        }
                    } while await changes.next() != nil
                    told.finish()
                } catch {
                    told.finish(throwing: error)
                }
            }
            told.onTermination = { _ in
                pulling.cancel()
                changes.end()
            }
        }
    }
}

extension SyncService {
    /// Tells how things stand, first at once and then whenever that changes. While the store is paused it is silent.
    public var statuses: AsyncThrowingStream<SyncStatus, any Error> {
        let statuses = openStatusStream()
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { told in
            let pulling = Task {
                do {
                    while !Task.isCancelled, let status = try await statuses.next() {
                        told.yield(status)
                    }
                    told.finish()
                } catch {
                    told.finish(throwing: error)
                }
            }
            told.onTermination = { _ in
                pulling.cancel()
                statuses.end()
            }
        }
    }
}
