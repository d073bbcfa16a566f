import UnstuckModel

/// The words for things that appear in more than one finding.
enum Label {
    /// A foreign name, harmless and of a length that fits a line.
    static func safe(_ text: String) -> String { safeText(String(text.prefix(64))) }

    static func map(_ map: Sockmap) -> String { "sockmap \(map.id) \"\(safe(map.name))\"" }

    /// `web[2210] fd 17`
    static func descriptor(_ owner: SocketOwner) -> String {
        "\(safe(owner.command))[\(owner.pid)] fd \(owner.descriptor)"
    }

    /// `kubelet[812] `, or nothing.
    static func owner(_ owner: SocketOwner?) -> String { owner.map { "\(safe($0.command))[\($0.pid)] " } ?? "" }

    static func duration(seconds: Double) -> String { durationText(seconds) }

    static func duration(milliseconds: UInt32) -> String { durationText(Double(milliseconds) / 1000) }

    static func bytes(_ count: UInt64, partial: Bool) -> String {
        "\(partial ? "at least " : "")\(count) byte\(count == 1 ? "" : "s")"
    }

    /// A percentage with one decimal.
    static func share(_ part: Int, of total: Int) -> String {
        guard total > 0 else { return "0 %" }
        let tenths = (part * 2000 + total) / (2 * total)
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
