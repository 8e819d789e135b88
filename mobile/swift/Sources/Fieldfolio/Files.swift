// Files, between URLs and the library's paths.

import FieldfolioRaw
import Foundation

extension NewFile {
    /// A file to be kept. The library reads it where it lies and leaves it as it is.
    public init(_ file: URL, caption: String = "", alt: String = "", poster: URL? = nil) {
        self.init(path: file.path, caption: caption, alt: alt, posterPath: poster?.path, replaces: nil)
    }
}

extension Store {
    /// Saves a new piece of files that a picker handed over, in this order, after those that `new` names itself. Files in
    /// other apps' folders are opened for as long as it takes.
    public func capture(_ files: [URL], as new: NewEvidence = NewEvidence()) async throws -> CapturedPiece {
        #if canImport(Darwin)
        let opened = files.filter { $0.startAccessingSecurityScopedResource() }
        defer { opened.forEach { $0.stopAccessingSecurityScopedResource() } }
        #endif
        var new = new
        new.files += files.map { NewFile($0) }
        return try await capture(new: new)
    }
}
