// A new piece: photos and films from the photo library, a title, words, and where it goes.

import Fieldfolio
import PhotosUI
import SwiftUI

struct CaptureView: View {
    @Environment(PortfolioModel.self) private var model
    @Environment(\.dismiss) private var dismiss
    @State private var picked: [PhotosPickerItem] = []
    @State private var files: [URL] = []
    @State private var title = ""
    @State private var words = ""
    @State private var day = Date()
    @State private var place: String?
    @State private var isBusy = false

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    PhotosPicker("Choose photos or films", selection: $picked, matching: .any(of: [.images, .videos]))
                    if !files.isEmpty { Text("\(files.count) files") }
                }
                TextField("Title", text: $title)
                TextField("What you did and found", text: $words, axis: .vertical)
                DatePicker("Day of the work", selection: $day, in: ...Date(), displayedComponents: .date)
                Picker("Where it goes", selection: $place) {
                    Text("For myself").tag(String?.none)
                    ForEach(model.places, id: \.folio) { Text($0.title).tag(String?.some($0.folio)) }
                }
            }
            .navigationTitle("New piece")
            .toolbar {
                ToolbarItem(placement: .cancellationAction) { Button("Cancel") { dismiss() } }
                ToolbarItem(placement: .confirmationAction) {
                    Button("Save", action: save).disabled(isBusy || (files.isEmpty && title.isEmpty))
                }
            }
            .task(id: picked) { await load() }
        }
    }

    private func load() async {
        for item in picked {
            if let file = try? await item.loadTransferable(type: PickedFile.self) { files.append(file.url) }
        }
        if !picked.isEmpty { picked = [] }
    }

    private func save() {
        isBusy = true
        Task {
            let folio = model.places.first { $0.folio == place }
            if await model.capture(files, title: title, words: words, day: day, folio: folio) {
                files.forEach { try? FileManager.default.removeItem(at: $0) }
                dismiss()
            }
            isBusy = false
        }
    }
}

/// A file of the photo library, copied to where it may be read.
private struct PickedFile: Transferable {
    let url: URL

    static var transferRepresentation: some TransferRepresentation {
        FileRepresentation(importedContentType: .item) { received in
            let name = "\(UUID().uuidString).\(received.file.pathExtension)"
            let copy = FileManager.default.temporaryDirectory.appendingPathComponent(name)
            try FileManager.default.copyItem(at: received.file, to: copy)
            return PickedFile(url: copy)
        }
    }
}
