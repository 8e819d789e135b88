// Photos and films that leave while the app is suspended or ended: a background `URLSession` carries them. Not compiled
// here: it needs Apple's SDK. Its syntax is checked.
//
// Make it once, when the app starts, with the same identifier every time; `begin()` when the app goes to the background,
// `returned()` when it comes back, `forget()` when somebody has logged out. In the app delegate:
//
//     func application(_: UIApplication, handleEventsForBackgroundURLSession identifier: String,
//                      completionHandler: @escaping () -> Void) {
//         uploads.finishing(completionHandler)
//     }
//
// A school that vouches for its web server by a key in the invitation is not known to iOS: the library says whether it is
// the school. iOS listens to that only if the app's Info.plist has an exception for the server under NSAppTransportSecurity;
// README shows it. While the store can't be opened, what was handed over comes back and is sent by the library.

#if os(iOS)
import FieldfolioRaw
import Foundation
import Security

/// Hands files to iOS and brings back what came of them.
public final class BackgroundUploads: NSObject, @unchecked Sendable {
    private let keeper: @Sendable () async throws -> StoreKeeper
    private let reachesPinned: Bool
    private let folder: URL
    /// Made with `self` as its delegate, and never replaced.
    private var session: URLSession!
    private let lock = NSLock()
    /// What came and is not with the store yet; each waits for the one before.
    private var bringing: Task<Void, Never>?
    @MainActor private var finished: [() -> Void] = []

    /// `keeper` opens the store if it is not open yet: iOS may start the app only to tell that files have arrived.
    ///
    /// `reachesPinned` says that the Info.plist has an exception for servers whose certificate iOS does not know. Without it
    /// nothing is handed over for a school that vouches for its server by a key: iOS would turn it away.
    public init(
        identifier: String, reachesPinned: Bool = false, keeper: @escaping @Sendable () async throws -> StoreKeeper
    ) {
        self.keeper = keeper
        self.reachesPinned = reachesPinned
        let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)[0]
        folder = support.appendingPathComponent("Fieldfolio uploads", isDirectory: true)
        super.init()
        let configuration = URLSessionConfiguration.background(withIdentifier: identifier)
        configuration.sessionSendsLaunchEvents = true
        configuration.isDiscretionary = false
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    }

    /// Hands over what is ready to be sent. Each stretch is written to a file of its own, at most 8 MB: a background session
    /// sends whole files only.
    public func begin(most: UInt32 = 8) async throws {
        let keeper = try await keeper()
        guard reachesPinned || !keeper.store.isPinned() else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        folder.leaveOutOfBackups()
        try await keeper.use { [self] store in
            let isThrifty = try await store.status().thrifty
            for upload in try await store.syncService().backgroundUploads(most: most) {
                do {
                    try send(upload, isThrifty: isThrifty)
                } catch {
                    // It could not be written: the library sends it itself.
                    try await store.syncService().backgroundUploadDone(name: upload.name, answer: BackgroundUploadAnswer(status: nil))
                }
            }
        }
    }

    /// The app is looked at again. If iOS has nothing any more, what it was given is taken back: it may have been lost when
    /// somebody ended the app by hand.
    public func returned() async throws {
        guard await session.allTasks.isEmpty else { return }
        await lock.withLock { bringing }?.value
        try await keeper().use { try await $0.syncService().takeBack() }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Somebody has logged out: iOS lets go of what it was given, and the stretches are removed.
    public func forget() async {
        for task in await session.allTasks {
            // Its end is not told to the library: the store is gone.
            task.taskDescription = nil
            task.cancel()
        }
        await lock.withLock { bringing }?.value
        try? FileManager.default.removeItem(at: folder)
    }

    /// iOS started or woke the app for this session, and wants to hear when everything it tells has been dealt with.
    @MainActor public func finishing(_ completion: @escaping () -> Void) {
        finished.append(completion)
    }

    private func send(_ upload: BackgroundUpload, isThrifty: Bool) throws {
        guard let url = URL(string: upload.url) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = upload.method
        // Handed over at home, it may leave on the way to school.
        request.allowsExpensiveNetworkAccess = !isThrifty
        for header in upload.headers {
            request.setValue(header.value, forHTTPHeaderField: header.name)
        }
        let stretch = file(of: upload.name)
        let from = try FileHandle(forReadingFrom: URL(fileURLWithPath: upload.path))
        defer { try? from.close() }
        try from.seek(toOffset: upload.offset)
        let bytes = try from.read(upToCount: Int(upload.length)) ?? Data()
        guard bytes.count == Int(upload.length) else { throw CocoaError(.fileReadCorruptFile) }
        try bytes.write(to: stretch, options: .completeFileProtectionUntilFirstUserAuthentication)
        let task = session.uploadTask(with: request, fromFile: stretch)
        // The only thing that iOS keeps of it while the app is not there.
        task.taskDescription = upload.name
        task.resume()
    }

    private func file(of name: String) -> URL {
        folder.appendingPathComponent(name.replacingOccurrences(of: "/", with: "-"))
    }

    private func bring(_ name: String, _ answer: BackgroundUploadAnswer) {
        lock.withLock {
            let before = bringing
            bringing = Task { [keeper] in
                await before?.value
                // Not taken (the disk is full, say), it is taken back once iOS has nothing any more.
                try? await keeper().use { try await $0.syncService().backgroundUploadDone(name: name, answer: answer) }
            }
        }
    }
}

extension BackgroundUploads: URLSessionTaskDelegate {
    public func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let name = task.taskDescription else { return }
        try? FileManager.default.removeItem(at: file(of: name))
        let answer = error == nil ? task.response as? HTTPURLResponse : nil
        bring(
            name,
            BackgroundUploadAnswer(
                status: answer.map { UInt16(clamping: $0.statusCode) },
                location: answer?.value(forHTTPHeaderField: "Location"),
                uploadOffset: answer?.value(forHTTPHeaderField: "Upload-Offset").flatMap { UInt64($0) }
            ))
    }

    /// Whether the web server is the school's is the library's to say, where the invitation named a key.
    public func urlSession(
        _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        guard challenge.protectionSpace.authenticationMethod == NSURLAuthenticationMethodServerTrust,
            let trust = challenge.protectionSpace.serverTrust,
            let certificate = (SecTrustCopyCertificateChain(trust) as? [SecCertificate])?.first
        else {
            completionHandler(.performDefaultHandling, nil)
            return
        }
        let shown = SecCertificateCopyData(certificate) as Data
        let credential = URLCredential(trust: trust)
        Task { [keeper] in
            guard let store = try? await keeper().store, store.isPinned() else {
                completionHandler(.performDefaultHandling, nil)
                return
            }
            switch store.believes(certificate: shown) {
            case true: completionHandler(.useCredential, credential)
            case false: completionHandler(.cancelAuthenticationChallenge, nil)
            }
        }
    }

    /// A token goes to the school only, whatever it answers.
    public func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    public func urlSessionDidFinishEvents(forBackgroundURLSession session: URLSession) {
        let last = lock.withLock { bringing }
        Task { @MainActor in
            await last?.value
            let told = finished
            finished = []
            told.forEach { $0() }
        }
    }
}
#endif
