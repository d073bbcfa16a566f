import UnstuckModel

/// A forecast for a person.
public struct ForecastText: Sendable {
    private let style: Style
    private static let shown = 20
    public init(style: Style) { self.style = style }

    public func render(_ forecast: Forecast) -> String {
        var lines: [String] = []
        for route in forecast.routes.prefix(Self.shown) {
            let words =
                "\(Self.percent(route.probability)) of new connections \(route.client) -> \(route.server)"
                + (route.pod.map { " \(safeText($0))" } ?? "") + " hang"
            lines.append(route.probability >= 0.001 ? style.red("✗ " + words) : style.yellow("! " + words))
            lines.append(
                "    stale keys  \(route.poisonedPorts.count) of the client's ports in sockmap \(route.map) "
                    + "\"\(safeText(route.mapName))\"; \(route.poisonedChoices) of the \(route.choices) that connect(2) "
                    + "chooses from"
                    + (route.isRangeAssumed ? " (its range was not read: the kernel's default is assumed)" : ""))
        }
        if forecast.routes.count > Self.shown {
            lines.append("… and \(forecast.routes.count - Self.shown) more pairs of client and server")
        }
        if forecast.routes.isEmpty, forecast.unknown.isEmpty {
            lines.append(style.green("✓ no stale entries"))
        }
        for filling in forecast.fillings {
            let rate =
                filling.secondsUntilFull.map { "full in \(Self.duration($0)) at the present rate" }
                ?? (filling.unknown != nil
                    ? "rate unknown (keys were walked)"
                    : filling.deadPerSecond == nil ? "rate unknown (one sample)" : "not filling")
            lines.append(
                "sockmap \(filling.map) \"\(safeText(filling.mapName))\": \(filling.entries) of \(filling.maxEntries) "
                    + "entries, \(filling.dead) stale\(filling.unknown.map { ", \($0) unknown" } ?? ""); \(rate)")
        }
        for warning in forecast.warnings { lines.append(style.yellow("! \(safeText(warning))")) }
        for unknown in forecast.unknown { lines.append(style.yellow("? \(safeText(unknown))")) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Two digits that matter.
    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return tenths >= 1 ? "\(tenths / 10).\(tenths % 10) %" : share > 0 ? "less than 0.1 %" : "0 %"
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(min(seconds / 86_400, 1e9))) days"
        }
    }
}
