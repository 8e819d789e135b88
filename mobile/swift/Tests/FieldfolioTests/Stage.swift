// The stage of `mobile/journey.md`: a process that keeps a school with its relay, and breaks and mends the network.

import Foundation

/// What the stage tells when it stands.
struct Told: Decodable {
    let links: [String: String]
    let photos: [String]
    let people: [String: String]
    let outcomes: [String: String]
    let folios: [String: String]
}

/// A school of its own for one test. It ends with it.
final class Stage: @unchecked Sendable {
    let told: Told
    private let process = Process()
    private let asked = Pipe()
    private let answers = Pipe()
    /// Its answers are waited for on a thread of its own: those of Swift's tasks are few.
    private let thread = DispatchQueue(label: "stage")
    private let folder: URL

    static func set() async throws -> Stage {
        try await withCheckedThrowingContinuation { standing in
            DispatchQueue.global().async { standing.resume(with: Result { try Stage() }) }
        }
    }

    private init() throws {
        guard let program = ProcessInfo.processInfo.environment["FIELDFOLIO_STAGE"] else {
            throw Trouble("FIELDFOLIO_STAGE does not say where fieldfolio-journey lies: mobile/swift/test.sh sets it")
        }
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fieldfolio-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: program)
        process.standardInput = asked
        process.standardOutput = answers
        try process.run()
        told = try JSONDecoder().decode(Told.self, from: Self.line(from: answers))
    }

    deinit {
        try? asked.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// A folder of this test's that nothing lies in yet.
    func folder(_ name: String) -> String {
        folder.appendingPathComponent(name).path
    }

    /// Breaks the network.
    func down() async throws { try await say("down") }

    /// Mends it.
    func up() async throws { try await say("up") }

    /// The network answers nothing any more, and refuses nothing.
    func stall() { _ = process.suspend() }

    /// It answers again.
    func goOn() { _ = process.resume() }

    private func say(_ word: String) async throws {
        try await withCheckedThrowingContinuation { done in
            thread.async {
                done.resume(with: Result {
                    try self.asked.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
                    let answer = try Self.line(from: self.answers)
                    guard answer == Data("done".utf8) else { throw Trouble("the stage could not do \(word)") }
                })
            }
        }
    }

    private static func line(from pipe: Pipe) throws -> Data {
        var line = Data()
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1), let byte = byte.first {
            if byte == UInt8(ascii: "\n") { return line }
            line.append(byte)
        }
        throw Trouble("the stage ended: what it said of it stands above")
    }
}

struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What is waited for, or an error once it is late.
func within<Found: Sendable>(
    _ time: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Found
) async throws -> Found {
    try await withThrowingTaskGroup(of: Found.self) { group in
        group.addTask(operation: work)
        group.addTask {
            try await Task.sleep(for: time)
            throw Trouble("not within \(time): \(what)")
        }
        defer { group.cancelAll() }
        guard let found = try await group.next() else { throw Trouble("nothing was waited for") }
        return found
    }
}
