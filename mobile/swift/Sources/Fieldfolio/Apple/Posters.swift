// Small pictures of what the library can't read itself: photos in HEIC, and films. Not compiled here: it needs Apple's SDK.
// Its syntax is checked.

#if os(iOS)
import AVFoundation
import Foundation
import ImageIO
import UniformTypeIdentifiers

extension NewFile {
    /// A file with a picture of it, where the library needs one: a HEIC photo, or a film. The picture lies in the app's
    /// temporary folder: `removePoster` once `capture` has returned. `Store.capture(_:as:)` does both by itself.
    public static func withPoster(_ file: URL, caption: String = "", alt: String = "") async throws -> NewFile {
        let type = UTType(filenameExtension: file.pathExtension) ?? .data
        let picture: CGImage?
        if type.conforms(to: .movie) {
            let generator = AVAssetImageGenerator(asset: AVURLAsset(url: file))
            generator.appliesPreferredTrackTransform = true
            generator.maximumSize = CGSize(width: 1280, height: 1280)
            picture = try await generator.image(at: .zero).image
        } else if type.conforms(to: .heic) || type.conforms(to: .heif) {
            let options = [
                kCGImageSourceCreateThumbnailFromImageAlways: true,
                kCGImageSourceCreateThumbnailWithTransform: true,
                kCGImageSourceThumbnailMaxPixelSize: 1280,
            ] as CFDictionary
            let source = CGImageSourceCreateWithURL(file as CFURL, nil)
            picture = source.flatMap { CGImageSourceCreateThumbnailAtIndex($0, 0, options) }
        } else {
            picture = nil
        }
        return NewFile(file, caption: caption, alt: alt, poster: picture.flatMap(written))
    }

    /// Removes the file with the picture.
    public func removePoster() {
        guard let posterPath else { return }
        try? FileManager.default.removeItem(atPath: posterPath)
    }

    private static func written(_ picture: CGImage) -> URL? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).jpg")
        let type = UTType.jpeg.identifier as CFString
        guard let to = CGImageDestinationCreateWithURL(file as CFURL, type, 1, nil) else { return nil }
        CGImageDestinationAddImage(to, picture, [kCGImageDestinationLossyCompressionQuality: 0.8] as CFDictionary)
        return CGImageDestinationFinalize(to) ? file : nil
    }
}
#endif
