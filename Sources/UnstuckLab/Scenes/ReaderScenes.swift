import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Applications that ask before they read, or read without `recv`: what they get of redirected bytes.
extension Scene {
    static let readerScenes: [Scene] = [
        reader("FIONREAD", ask: askFIONREAD), reader("splice", ask: askSplice),
        // Ordinary bytes on a socket that is in a sockmap: its client is beside the accelerator.
        reader("FIONREAD-stack", isRedirected: false, ask: askFIONREAD),
    ]

    /// Twin: a connection beside the accelerator, its two ends in no sockmap.
    private static func reader(
        _ code: String, isRedirected: Bool = true, ask: @escaping @Sendable (SceneSocket) -> String
    ) -> Scene {
        Scene(code) { stage, family, isTwin in
            let tuple = stage.freshTuple(family, to: isTwin ? Stage.plainPort : Stage.port)
            let pair = try stage.pair(tuple, isAccelerated: isRedirected && !isTwin)
            stage.keep(pair.client)
            stage.keep(pair.server)
            try stage.mustBeFiled(tuple.reversed, !isTwin)
            try stage.mustBeFiled(tuple, isRedirected && !isTwin)
            return Act(tuple: tuple) {
                try pair.client.send(Array("ten bytes\n".utf8))
                guard pair.server.waits(for: POLLIN, within: .patience) else { return Stage.Exchange.hangs.rawValue }
                let word = ask(pair.server)
                if word != "splices" { _ = try pair.server.receive(within: .zero) }
                return word
            }
        }
    }

    private static let askFIONREAD: @Sendable (SceneSocket) -> String = { server in
        let count = linux_unread_bytes(server.raw)
        return count == 10 ? "counts" : count == 0 ? "counts-none" : "counts \(count)"
    }

    private static let askSplice: @Sendable (SceneSocket) -> String = { server in
        let moved = linux_splice_once(server.raw)
        return moved == 10 ? "splices" : moved < 0 && errno == EAGAIN ? "sees-none" : "splices \(moved)"
    }
}
