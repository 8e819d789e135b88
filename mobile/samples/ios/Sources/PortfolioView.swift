// One's own pieces, and what of them is still on its way.

import Fieldfolio
import SwiftUI

struct PortfolioView: View {
    @Environment(PortfolioModel.self) private var model
    @State private var isCapturing = false

    var body: some View {
        NavigationStack {
            List {
                if let sync = model.sync {
                    QueueSection(sync: sync)
                }
                Section {
                    ForEach(model.pieces, id: \.piece) { piece in
                        NavigationLink(value: piece.piece) { PieceRow(piece: piece) }
                    }
                }
            }
            .overlay {
                if model.pieces.isEmpty {
                    ContentUnavailableView("Nothing here yet", systemImage: "photo.on.rectangle")
                }
            }
            .navigationTitle(model.me?.name ?? "Portfolio")
            .navigationDestination(for: PieceId.self) { PieceView(id: $0) }
            .refreshable { await model.retry() }
            .toolbar {
                Button("Capture", systemImage: "camera") { isCapturing = true }
                Menu("More", systemImage: "ellipsis.circle") {
                    Button("Log out", role: .destructive) { Task { await model.signOut() } }
                }
            }
            .sheet(isPresented: $isCapturing) { CaptureView() }
        }
    }
}

/// How things stand with the school, and each file on its way.
private struct QueueSection: View {
    let sync: SyncStatus

    var body: some View {
        Section {
            Text(words)
            ForEach(sync.status.uploads, id: \.hash) { upload in
                ProgressView(value: Double(upload.sent), total: Double(max(upload.size, 1))) {
                    Text(upload.pieceTitle.isEmpty ? "Untitled" : upload.pieceTitle)
                }
            }
        }
        .font(.callout)
    }

    private var words: String {
        switch sync.connection {
        case .live, .inStep: sync.status.waiting.isEmpty ? "Everything is at school" : "Some work waits"
        case .syncing: "Sending and fetching"
        case .offline, .idle: "Kept on this phone until there is a network"
        case .locked: "The school does not know this phone any more"
        }
    }
}

private struct PieceRow: View {
    let piece: PieceLine

    var body: some View {
        HStack {
            PieceImage(piece: piece.piece)
                .frame(width: 56, height: 56)
                .clipShape(.rect(cornerRadius: 8))
            VStack(alignment: .leading) {
                Text(piece.title.isEmpty ? "Untitled" : piece.title)
                if let day = piece.workDate.flatMap({ Day($0) }) {
                    Text(day.start(), format: .dateTime.day().month().year())
                        .font(.caption)
                        .foregroundStyle(.secondary)
                }
            }
            Spacer()
            if piece.feedback > 0 {
                Label("\(piece.feedback)", systemImage: "text.bubble").font(.caption)
            }
            if piece.whereabouts.at != .school {
                Image(systemName: "iphone").accessibilityLabel("Not at school yet")
            }
        }
    }
}

/// The small picture of a piece, as soon as it is here.
struct PieceImage: View {
    let piece: PieceId
    @Environment(PortfolioModel.self) private var model
    @State private var picture: UIImage?

    var body: some View {
        ZStack {
            Color(.secondarySystemBackground)
            if let picture {
                Image(uiImage: picture).resizable().scaledToFill()
            }
        }
        .task(id: model.version) {
            guard picture == nil, let file = await model.picture(of: piece) else { return }
            picture = await UIImage(contentsOfFile: file.path)?.byPreparingForDisplay()
        }
    }
}
