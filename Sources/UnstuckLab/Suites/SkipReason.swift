/// The sentence by which a skipped test says what it needs: made where tests declare it, read by the table of tests.
public enum SkipReason {
    private static let word = "needs "

    public static func text(of features: [KernelFeature]) -> String {
        word + features.map(\.rawValue).joined(separator: ", ")
    }

    /// `nil` where something else was said, or a feature that nobody declared.
    static func features(in text: String) -> [KernelFeature]? {
        guard text.hasPrefix(word) else { return nil }
        let names = text.dropFirst(word.count).split(separator: ",").map { $0.drop { $0 == " " } }
        let features = names.compactMap { KernelFeature(rawValue: String($0)) }
        return features.isEmpty || features.count < names.count ? nil : features
    }
}
