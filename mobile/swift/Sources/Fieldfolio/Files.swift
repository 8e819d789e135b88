// Files, between URLs and the library's paths.

import FieldfolioRaw
import Foundation

extension NewFile {
    /// A file to be kept. The library reads it where it lies and leaves it as it is.
    public init(_ file: URL, caption: String = "", alt: String = "", poster: URL? = nil) {
        self.init(path: file.path, caption: caption, alt: alt, posterPath: poster?.path, replaces: nil)
    }
}

extension Fieldfolio {
    /// Enrols, and keeps the folder out of Apple's backups: the keys in it are this device's, and a store that is restored on
    /// a second device would be two devices with one key.
    public func enrol(link: String, folder: URL) async throws -> Store {
        let store = try await enrol(link: link, folder: folder.path)
        folder.leaveOutOfBackups()
        return store
    }

    /// Opens the store in this folder, and keeps the folder out of Apple's backups.
    public func open(folder: URL) async throws -> Store {
        let store = try await open(folder: folder.path)
        folder.leaveOutOfBackups()
        return store
    }
}

extension Store {
    /// Saves a new piece of files that a picker handed over, in this order, after those that `new` names itself. Files in
    /// other apps' folders are opened for as long as it takes. On iOS a HEIC photo or a film comes with a small picture of
    /// it, without which the library would not take it.
    public func capture(_ files: [URL], as new: NewEvidence) async throws -> CapturedPiece {
        #if canImport(Darwin)
        let opened = files.filter { $0.startAccessingSecurityScopedResource() }
        defer { opened.forEach { $0.stopAccessingSecurityScopedResource() } }
        #endif
        var new = new
        #if os(iOS)
        var made: [NewFile] = []
        defer { made.forEach { $0.removePoster() } }
        for file in files {
            // Where no picture can be made of it, the library says what to do about the file.
            made.append((try? await NewFile.withPoster(file)) ?? NewFile(file))
        }
        new.files += made
        #else
        new.files += files.map { NewFile($0) }
        #endif
        return try await capture(new: new)
    }
}

extension URL {
    /// Keeps what lies here out of Apple's backups. Where that can't be said, it is used all the same.
    func leaveOutOfBackups() {
        #if canImport(Darwin)
        var (place, values) = (self, URLResourceValues())
        values.isExcludedFromBackup = true
        try? place.setResourceValues(values)
        #endif
    }
}
