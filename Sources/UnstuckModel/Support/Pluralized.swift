/// "1 look", "2 looks"; a plural that takes more than an s is given.
public func pluralized(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}
