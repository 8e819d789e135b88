// Becoming a device of somebody's: a link that is pasted, or a code that is scanned.

import Fieldfolio
import SwiftUI
import VisionKit

struct SignInView: View {
    @Environment(PortfolioModel.self) private var model
    @State private var link = ""
    @State private var isScanning = false
    @State private var isBusy = false

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    TextField("Invitation link", text: $link, axis: .vertical)
                        .textInputAutocapitalization(.never)
                        .autocorrectionDisabled()
                    PasteButton(payloadType: String.self) { link = $0.first ?? "" }
                    if DataScannerViewController.isSupported {
                        Button("Scan a code", systemImage: "qrcode.viewfinder") { isScanning = true }
                    }
                } footer: {
                    Text(whatItSays)
                }
                Button("Join") {
                    isBusy = true
                    Task {
                        await model.signIn(link)
                        isBusy = false
                    }
                }
                .disabled(isBusy || (model.preview(link)?.isOver ?? true))
            }
            .navigationTitle("Your portfolio")
        }
        .sheet(isPresented: $isScanning) {
            CodeScanner { found in
                link = found
                isScanning = false
            }
        }
    }

    private var whatItSays: String {
        guard !link.isEmpty else { return "Your teacher has given you a link or a code." }
        guard let preview = model.preview(link) else { return "This is no invitation. Is it whole?" }
        let until = Date(millisecondsSince1970: preview.expires).formatted(date: .abbreviated, time: .shortened)
        return preview.isOver ? "This invitation was over on \(until)." : "For \(preview.relay), until \(until)."
    }
}

private struct CodeScanner: UIViewControllerRepresentable {
    let found: (String) -> Void

    func makeUIViewController(context: Context) -> DataScannerViewController {
        let scanner = DataScannerViewController(recognizedDataTypes: [.barcode(symbologies: [.qr])])
        scanner.delegate = context.coordinator
        try? scanner.startScanning()
        return scanner
    }

    func updateUIViewController(_ scanner: DataScannerViewController, context: Context) {}

    func makeCoordinator() -> Coordinator { Coordinator(found: found) }

    @MainActor
    final class Coordinator: NSObject, DataScannerViewControllerDelegate {
        private let found: (String) -> Void

        init(found: @escaping (String) -> Void) { self.found = found }

        func dataScanner(
            _ scanner: DataScannerViewController, didAdd items: [RecognizedItem], allItems: [RecognizedItem]
        ) {
            guard case .barcode(let code) = items.first, let text = code.payloadStringValue else { return }
            scanner.stopScanning()
            found(text)
        }
    }
}
