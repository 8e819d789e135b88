// A small portfolio app: sign in by an invitation, capture work, see it leave, read and give feedback.

import Fieldfolio
import SwiftUI

@main
struct SampleApp: App {
    @UIApplicationDelegateAdaptor private var delegate: SampleAppDelegate

    var body: some Scene {
        WindowGroup {
            RootView(model: delegate.model, delegate: delegate)
                .environment(delegate.model)
        }
    }
}

/// What iOS tells before there is a scene: it may start the app for background work alone.
@MainActor
final class SampleAppDelegate: NSObject, UIApplicationDelegate {
    let model = PortfolioModel(folder: URL.applicationSupportDirectory.appending(path: "Portfolio"))
    private(set) lazy var uploads = BackgroundUploads(identifier: "org.example.portfolio.uploads") { [model] in
        try await model.opened()
    }
    private(set) lazy var runs = BackgroundRuns(
        refresh: "org.example.portfolio.refresh", processing: "org.example.portfolio.sync"
    ) { [model] in
        try await model.opened()
    }

    func application(
        _ application: UIApplication, didFinishLaunchingWithOptions options: [UIApplication.LaunchOptionsKey: Any]?
    ) -> Bool {
        runs.register()
        // What arrived while the app was not there is told as soon as its session is.
        model.afterSigningOut = { [uploads] in await uploads.forget() }
        return true
    }

    func application(
        _ application: UIApplication, handleEventsForBackgroundURLSession identifier: String,
        completionHandler: @escaping () -> Void
    ) {
        uploads.finishing(completionHandler)
    }
}

private struct RootView: View {
    @Bindable var model: PortfolioModel
    let delegate: SampleAppDelegate

    var body: some View {
        Group {
            switch model.phase {
            case .starting:
                ProgressView()
            case .signedOut:
                SignInView()
            case .open(let keeper):
                PortfolioView()
                    .keepsOpen(keeper, leaving: leave, returned: comeBack, failed: model.couldNotOpen)
                    .task { await model.listen() }
            }
        }
        .overlay {
            if let words = model.shut {
                ContentUnavailableView {
                    Label("Your portfolio can't be opened", systemImage: "book.closed")
                } description: {
                    Text(words)
                } actions: {
                    Button("Try again") { Task { await model.tryAgain() } }
                }
                .background(.background)
            }
        }
        .task { await model.start() }
        .alert("That did not work", isPresented: $model.isTroubled) {
            Button("OK") {}
        } message: {
            Text(model.trouble ?? "")
        }
    }

    private func leave() async {
        try? await delegate.uploads.begin()
        delegate.runs.schedule()
    }

    private func comeBack() async {
        try? await delegate.uploads.returned()
    }
}
