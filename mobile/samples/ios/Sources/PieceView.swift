// One piece with what was said on it, and the feedback one gives.

import Fieldfolio
import SwiftUI

struct PieceView: View {
    let id: PieceId
    @Environment(PortfolioModel.self) private var model
    @State private var piece: Piece?
    @State private var words = ""
    @State private var nextStep = ""

    var body: some View {
        List {
            if let piece {
                Section {
                    if piece.line.preview != nil {
                        PieceImage(piece: id)
                            .frame(height: 240)
                            .clipped()
                            .accessibilityLabel(piece.media.first?.alt ?? "")
                            .listRowInsets(EdgeInsets())
                    }
                    if !piece.words.isEmpty { Text(piece.words) }
                }
                ForEach(piece.voices, id: \.self) { voice in
                    Section(voice.authorName) {
                        ForEach(voice.entries.filter { !$0.isReplaced }, id: \.id) { EntryRow(entry: $0) }
                    }
                }
                // The maker reflects on her own work; who else may speak gives feedback.
                if let about = piece.may.writeAbout.first, piece.line.maker != model.me?.person {
                    feedbackSection(about: about)
                }
            }
        }
        .navigationTitle(piece?.line.title ?? "")
        .navigationBarTitleDisplayMode(.inline)
        .task(id: model.version) { piece = await model.piece(id) }
    }

    private func feedbackSection(about: PersonId?) -> some View {
        Section("Your feedback") {
            TextField("What went well", text: $words, axis: .vertical)
            TextField("A next step", text: $nextStep, axis: .vertical)
            Button("Give it") {
                Task {
                    if await model.giveFeedback(on: id, about: about, didWell: words, nextStep: nextStep) {
                        (words, nextStep) = ("", "")
                    }
                }
            }
            .disabled(words.isEmpty && nextStep.isEmpty)
        }
    }
}

private struct EntryRow: View {
    // SwiftUI has an `Entry` of its own.
    let entry: FieldfolioRaw.Entry

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            ForEach(lines, id: \.self) { Text($0) }
            Text(Date(millisecondsSince1970: entry.made), format: .relative(presentation: .named))
                .font(.caption)
                .foregroundStyle(.secondary)
        }
        .strikethrough(entry.withdrawn)
    }

    private var lines: [String] {
        switch entry.body {
        case .feedback(let didWell, let improve, let nextStep, _, _): [didWell, improve, nextStep].filter { $0 != "" }
        case .assessment(_, _, _, let workDate, let nextStep): ["Judged on the work of \(workDate)", nextStep]
        case .reflection(let words), .reply(_, let words): [words]
        case .confirmation: ["Confirmed a judgement"]
        case .unreadable: ["Made by a newer version of this app"]
        }
    }
}
