import UnstuckModel

/// A forecast for a person.
public struct ForecastText: Sendable {
    private let style: Style
    private static let shown = 20
    public init(style: Style) { self.style = style }

    public func render(_ forecast: Forecast) -> String {
        var lines = routes(forecast)
        if forecast.routes.isEmpty, forecast.unknown.isEmpty {
            lines.append(style.green(mark("✓") + "no stale entries"))
        }
        lines += fillings(forecast.fillings)
        for warning in forecast.warnings { lines += style.marked("!", safeText(warning)).map(style.yellow) }
        for unknown in forecast.unknown { lines += style.marked("?", safeText(unknown)).map(style.yellow) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `✗ new connections that hang, by client and server:`, and a row each, the most dangerous first.
    private func routes(_ forecast: Forecast) -> [String] {
        guard let worst = forecast.routes.map(\.probability).max() else { return [] }
        let routes = Array(forecast.routes.prefix(Self.shown))
        let head =
            worst > 0
            ? style.marked(worst >= 0.001 ? "✗" : "!", "share of new connections that hang, by client and server:")
            : style.marked("!", "stale entries, by client and server; no new connection hangs:")
        var lines = head.map(worst >= 0.001 ? style.red : style.yellow)
        lines += Table(columns: [
            .init(title: "hang", isNumber: true, cells: routes.map { Self.percent($0.probability) }),
            .init(title: "client", cells: routes.map { "\($0.client)" }),
            .init(title: "server", cells: routes.map { "\($0.server)" }),
            .init(title: "stale", isNumber: true, cells: routes.map { "\($0.poisonedPorts.count)" }),
            .init(
                title: "of ports", isNumber: true,
                cells: routes.map { "\($0.poisonedChoices)/\($0.choices)" + ($0.isRangeAssumed ? "*" : "") }),
            .init(title: "sockmap", cells: routes.map { "\($0.map) \"\(safeText($0.mapName))\"" }),
            .init(title: "pod", cells: routes.map { safeText($0.pod ?? "") }),
        ]).lines(style, indent: 2) { routes[$0].probability >= 0.001 ? style.red : style.yellow }
        if forecast.routes.count > Self.shown {
            lines += style.paragraph(
                "… and \(forecast.routes.count - Self.shown) more pairs of client and server", margin: 2)
        }
        lines += style.paragraph(
            "stale: the client's ports that stale keys name; of ports: how many of them are among those that connect(2) "
                + "chooses from"
                + (routes.contains(where: \.isRangeAssumed)
                    ? "; *: the client's port range was not read, the kernel's default is assumed" : ""),
            margin: 2
        ).map(style.faint)
        return lines
    }

    private func fillings(_ all: [Forecast.Filling]) -> [String] {
        guard !all.isEmpty else { return [] }
        let fillings = all.sorted { $0.map < $1.map }
        return Table(columns: [
            .init(title: "sockmap", cells: fillings.map { "\($0.map) \"\(safeText($0.mapName))\"" }),
            .init(title: "entries", isNumber: true, cells: fillings.map { "\($0.entries)" }),
            .init(title: "max", isNumber: true, cells: fillings.map { "\($0.maxEntries)" }),
            .init(title: "stale", isNumber: true, cells: fillings.map { "\($0.dead)" }),
            .init(title: "unknown", isNumber: true, cells: fillings.map { $0.unknown.map { "\($0)" } ?? "" }),
            .init(title: "full", cells: fillings.map(Self.rate)),
        ]).lines(style)
    }

    private static func rate(_ filling: Forecast.Filling) -> String {
        filling.secondsUntilFull.map { "in \(duration($0)) at the present rate" }
            ?? (filling.unknown != nil
                ? "rate unknown (keys were walked)"
                : filling.deadPerSecond == nil ? "rate unknown (one sample)" : "not filling")
    }

    private func mark(_ mark: String) -> String { style.characters.shown(mark) + " " }

    /// Two digits that matter; never 0 for what is more.
    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return tenths >= 1 ? "\(tenths / 10).\(tenths % 10) %" : share > 0 ? "< 0.1 %" : "0 %"
    }

    private static func duration(_ seconds: Double) -> String {
        seconds < 172_800 ? durationText(seconds) : "\(Int(min(seconds / 86_400, 1e9))) days"
    }
}
